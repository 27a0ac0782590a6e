/**
 * `npm run check:audit`: known holes in what production needs, and dist/sbom.json, its parts with their licences.
 * Fails on an advisory of level high or critical, and on a licence that is not on the list. Answers of the registry are
 * never shown: they may name a house's own registry.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';

const LICENCES = new Set([
  'MIT',
  'MIT-0',
  'ISC',
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'PostgreSQL',
  'Python-2.0',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'Unlicense',
]);
const SBOM = 'dist/sbom.json';

const problems = [
  ...holes(npm('audit', '--omit=dev', '--audit-level=high', '--fetch-retries=0', '--fetch-timeout=10000')),
  ...writeParts(),
];
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;

/** Without a network there is nobody to ask: that is said, and no reason to fail. */
function holes({ vulnerabilities }) {
  if (vulnerabilities === undefined) {
    console.log('audit: the registry could not be asked');
    return [];
  }
  const found = Object.values(vulnerabilities).filter(({ severity }) => /^(high|critical)$/.test(severity));
  if (found.length === 0) console.log('audit: no advisory of level high or critical');
  return found.map(({ name, severity }) => `audit: ${name} has an advisory of level ${severity}`);
}

function writeParts() {
  const { metadata, components, ...sbom } = npm('sbom', '--sbom-format', 'cyclonedx', '--omit=dev');
  if (components === undefined)
    return ['sbom: the installed packages do not fit package-lock.json: run npm ci'];
  const root = { ...metadata.component, name: 'firebreak' };
  mkdirSync('dist', { recursive: true });
  const text = JSON.stringify(
    { ...sbom, metadata: { ...metadata, component: root }, components: components.map(withoutRegistry) },
    undefined,
    2,
  );
  writeFileSync(SBOM, `${text}\n`);
  console.log(`sbom: ${components.length} packages in ${SBOM}`);
  return components.filter((part) => !isAllowed(part)).map(strange);
}

/** Where it was downloaded from says nothing of what it is; its hash does. */
function withoutRegistry({ externalReferences = [], ...part }) {
  return { ...part, externalReferences: externalReferences.filter(({ type }) => type !== 'distribution') };
}

function isAllowed({ licenses = [] }) {
  return licenses.length > 0 && licenses.every((each) => nameOf(each).split(' OR ').some(isOnList));
}

/** Of `A OR B` one is enough, of `A AND B` both have to be on the list. */
function isOnList(choice) {
  return choice.split(' AND ').every((id) => LICENCES.has(id.replace(/[()]/g, '').trim()));
}

function nameOf({ license, expression = license?.id ?? license?.name ?? 'none' }) {
  return expression;
}

function strange({ name, version, licenses = [] }) {
  const found = licenses.map(nameOf).join(', ') || 'none';
  return `sbom: ${name} ${version} has a licence that is not on the list: ${found}`;
}

/** What npm answers as JSON; it ends with 1 where it found something. */
function npm(...words) {
  const command = [process.env.npm_execpath ?? 'npm', ...words, '--json'];
  const [program, ...rest] = /\.[cm]?js$/.test(command[0]) ? [process.execPath, ...command] : command;
  try {
    return read(execFileSync(program, rest, { stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 2 ** 26 }));
  } catch (error) {
    return read(error.stdout);
  }
}

function read(text) {
  try {
    return JSON.parse(String(text));
  } catch {
    return {};
  }
}
