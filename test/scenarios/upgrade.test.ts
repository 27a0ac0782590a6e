/** A rolling upgrade: the old version works on beside the new one, whose migration has been applied. */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/version.ts';
import { type Answered, openWorld, type World } from '../slack/support.ts';
import { eventually } from '../support/eventually.ts';
import { type Bots, botsOf } from './bot.ts';

const LONG_MS = 60_000;
const CHANNEL = 'inc-1-orders-are-down';
const PATIENT = { within: 20_000 };

let world: World;
let bots: Bots;
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'firebreak-next-'));
  world = await openWorld();
  bots = await botsOf(world);
}, LONG_MS);

afterEach(async () => {
  await bots.close();
  await world.close();
  await rm(dir, { recursive: true });
}, LONG_MS);

/** The same program with a higher version and one more migration; answers with its command line. */
async function nextVersion(version: string, worksBeside: string): Promise<string> {
  for (const each of ['dist', 'src/store/migrations', 'manifest.yml', 'runbooks', 'package.json'])
    await cp(join(PACKAGE_ROOT, each), join(dir, each), { recursive: true });
  await symlink(join(PACKAGE_ROOT, 'node_modules'), join(dir, 'node_modules'));
  const manifest = JSON.parse(await readFile(join(dir, 'package.json'), 'utf8')) as object;
  await writeFile(join(dir, 'package.json'), JSON.stringify({ ...manifest, version }));
  const sql = `-- works-beside: ${worksBeside}\nalter table incidents add column mood text not null default 'calm';\n`;
  await writeFile(join(dir, 'src', 'store', 'migrations', '9000_mood.sql'), sql);
  return join(dir, 'dist', 'src', 'cli', 'main.js');
}

const say = (text: string, channel = CHANNEL): Promise<Answered> =>
  world.control('POST', 'commands', { user: 'commander', channel, text: `/incident ${text}` });

async function notes(): Promise<readonly string[]> {
  const { rows } = await world.store.query<{ text: string }>(
    `select content->>'text' as text from timeline_contents where content->>'text' like 'remark %' order by 1`,
  );
  return rows.map(({ text }) => text);
}

const remarks = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `remark ${from + index}`);

const sayAll = async (lines: readonly string[]): Promise<void> => {
  for (const line of lines) expect((await say(`note ${line}`)).ack_ms).not.toBeNull();
};

test(
  'both write to the store that the new one has migrated; the old one is stopped, and all that was accepted is there once',
  async () => {
    const old = await bots.start();
    expect((await say('declare sev2 orders are down', 'incidents')).ack_ms).not.toBeNull();
    await eventually(async () => (await world.messages(CHANNEL)).length > 0, PATIENT);
    await sayAll(remarks(10, 12));
    await bots.start(await nextVersion('0.2.0', '0.1.0'));
    // Two connections each: Slack gives what is said to one after the other.
    await sayAll(remarks(20, 27));
    const { rows } = await world.store.query(`select mood from incidents where mood = 'calm'`);
    expect(rows).toHaveLength(1);
    expect(await old.stop()).toBe(0);
    await sayAll(remarks(30, 32));
    await eventually(async () => (await notes()).length >= 14, PATIENT);
    expect(await notes()).toEqual([...remarks(10, 12), ...remarks(20, 27), ...remarks(30, 32)]);
  },
  LONG_MS,
);

test(
  'an old one does not start on a store that a migration has taken from it, and says which version does',
  async () => {
    const next = await bots.start(await nextVersion('0.2.0', '0.2.0'));
    await expect(bots.start()).rejects.toThrow(/0\.2\.0/);
    await next.stop();
  },
  LONG_MS,
);
