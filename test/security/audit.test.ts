/** `npm run check:audit`, with a program in npm's place that answers as npm does. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/version.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'firebreak-audit-'));
});
afterEach(() => rm(folder, { recursive: true }));

const part = (id: string) => ({
  name: 'left-pad',
  version: '1.3.0',
  licenses: [{ license: { id } }],
  hashes: [{ alg: 'SHA-512', content: '5f3d' }],
  externalReferences: [
    { type: 'distribution', url: 'https://registry.example/left-pad.tgz' },
    { type: 'vcs', url: 'https://git.example/left-pad' },
  ],
});
const sbom = (components: readonly object[]) => ({
  bomFormat: 'CycloneDX',
  metadata: { component: { name: 'a-folder' } },
  components,
});
const advisories = (severity: string) => ({ vulnerabilities: { ws: { name: 'ws', severity } } });
const NO_ANSWER = { message: '405 Method Not Allowed - POST https://registry.example/-/npm/v1/security' };

async function check(answers: { readonly audit: object; readonly sbom: object }) {
  const npm = join(folder, 'npm.mjs');
  await writeFile(npm, `console.log(JSON.stringify(${JSON.stringify(answers)}[process.argv[2]]));`);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(PACKAGE_ROOT, 'scripts', 'audit.mjs')],
    { cwd: folder, env: { ...process.env, npm_execpath: npm }, encoding: 'utf8' },
  );
  return { status, said: stdout + stderr };
}

test('a registry that cannot be asked is no failure, and its address is not shown', async () => {
  const { status, said } = await check({ audit: NO_ANSWER, sbom: sbom([part('MIT')]) });
  expect(status).toBe(0);
  expect(said).toContain('the registry could not be asked');
  expect(said).not.toContain('registry.example');
});

test.each([
  ['high', 1, 'audit: ws has an advisory of level high'],
  ['critical', 1, 'audit: ws has an advisory of level critical'],
  ['moderate', 0, 'audit: no advisory of level high or critical'],
])('an advisory of level %s', async (severity, code, words) => {
  const { status, said } = await check({ audit: advisories(severity), sbom: sbom([part('MIT')]) });
  expect(said).toContain(words);
  expect(status).toBe(code);
});

test('the list of parts names this program, each part with its hashes and licences, and no registry', async () => {
  await check({ audit: NO_ANSWER, sbom: sbom([part('MIT')]) });
  const text = await readFile(join(folder, 'dist', 'sbom.json'), 'utf8');
  expect(text).not.toContain('registry.example');
  expect(JSON.parse(text)).toMatchObject({
    bomFormat: 'CycloneDX',
    metadata: { component: { name: 'firebreak' } },
    components: [
      {
        name: 'left-pad',
        version: '1.3.0',
        licenses: [{ license: { id: 'MIT' } }],
        hashes: [{ alg: 'SHA-512', content: '5f3d' }],
        externalReferences: [{ type: 'vcs' }],
      },
    ],
  });
});

test.each([
  ['GPL-3.0-only', 1],
  ['(MIT OR GPL-3.0-only)', 0],
  ['(MIT AND GPL-3.0-only)', 1],
  ['BSD-3-Clause', 0],
])('a part with the licence %s', async (id, code) => {
  const { status, said } = await check({ audit: NO_ANSWER, sbom: sbom([part(id)]) });
  expect(status).toBe(code);
  if (code === 1) expect(said).toContain(`sbom: left-pad 1.3.0 has a licence that is not on the list: ${id}`);
});

test('packages that npm cannot list fail, rather than pass unseen', async () => {
  const { status, said } = await check({ audit: NO_ANSWER, sbom: { error: { code: 'ESBOMPROBLEMS' } } });
  expect(status).toBe(1);
  expect(said).toContain('sbom: ');
});

test('each package is what package-lock.json knows by its hash, and runs nothing at its installation unless allowed', async () => {
  const read = async (name: string): Promise<unknown> =>
    JSON.parse(await readFile(join(PACKAGE_ROOT, name), 'utf8'));
  const { packages } = (await read('package-lock.json')) as {
    packages: Readonly<Record<string, { integrity?: string; hasInstallScript?: true }>>;
  };
  const { allowScripts } = (await read('package.json')) as { allowScripts: object };
  const { '': _, ...others } = packages;
  const all = Object.entries(others);
  expect(all.length).toBeGreaterThan(100);
  expect(all.filter(([, { integrity = '' }]) => !integrity.startsWith('sha512-'))).toEqual([]);
  const scripts = all.filter(([, it]) => it.hasInstallScript).map(([at]) => at.replace('node_modules/', ''));
  expect(scripts.sort()).toEqual(Object.keys(allowScripts).sort());
});
