/** The shell blocks of docs/setup.md, as a stranger pastes them, one after the other in one shell. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, readdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/version.ts';
import { type Folder, temporaryFolder } from '../cli/support.ts';
import { MAIN } from '../support/built.ts';
import { eventually } from '../support/eventually.ts';

const LONG_MS = 120_000;

const GUIDE = readFileSync(join(PACKAGE_ROOT, 'docs/setup.md'), 'utf8');
const BLOCKS = [...GUIDE.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1] ?? '');
/** Jobs are process groups, as where a person types; what broke off leaves none of them behind. */
const SHELL = `set -m
trap 'for job in $(jobs -p); do kill -- "-$job"; done' EXIT
`;
/** Before the last block, which stops everything, what the page of the local Slack shows. */
const LOOK =
  'node -e \'fetch(process.env.SLACK_API_URL + "../sandbox/state").then(async (it) => console.log(await it.text()))\'\n';

let folder: Folder;
let shell: ChildProcess;

beforeEach(async () => {
  folder = await temporaryFolder();
  // PostgreSQL passes through it as another user when this one is root.
  await chmod(folder.path, 0o711);
  // In a clone `npx firebreak` is the clone's own; here it is that of the folder.
  await mkdir(join(folder.path, 'node_modules/.bin'), { recursive: true });
  await symlink(MAIN, join(folder.path, 'node_modules/.bin/firebreak'));
});
afterEach(async () => {
  shell.kill('SIGKILL');
  await folder.remove();
});

test(
  'the way without a workspace ends with a doctor that finds everything well, and leaves nothing behind',
  async () => {
    const script = [...BLOCKS.slice(0, -1), LOOK, ...BLOCKS.slice(-1)].join('');
    const { code, said } = await pasted(script);
    expect({ code, said }).toMatchObject({ code: 0 });
    expect(said.match(/^All \d+ are well/gm)).toHaveLength(2);
    expect(said).not.toMatch(/^(FAIL|warn|skip) /m);
    expect(said).toContain('inc-1 sev3');
    expect(said).toContain('"name":"inc-1-trying-it-out"');
    const [store = 'none', ...others] = await storesMade();
    expect([store, ...others]).toEqual([expect.stringContaining(folder.path)]);
    await eventually(() => !existsSync(join(store, 'postgres/postmaster.pid')), { within: 10_000 });
  },
  LONG_MS,
);

function pasted(script: string): Promise<{ readonly code: number | null; readonly said: string }> {
  const { PATH = '', HOME = '' } = process.env;
  const env = {
    PATH: `${dirname(process.execPath)}:${PATH}`,
    HOME,
    TMPDIR: folder.path,
    npm_config_update_notifier: 'false',
  };
  shell = spawn('bash', ['-e', '-c', `${SHELL}${script}`], {
    cwd: folder.path,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [shell.stdout, shell.stderr]) stream?.on('data', (text) => (said += String(text)));
  return new Promise((done) => shell.once('close', (code) => done({ code, said })));
}

/** The store of the trial is where the guide puts it. The bot ends after `npx` has: its PostgreSQL is the last. */
async function storesMade(): Promise<readonly string[]> {
  const made = (await readdir(folder.path)).map((name) => join(folder.path, name));
  return made.filter((each) => existsSync(join(each, 'postgres/PG_VERSION')));
}
