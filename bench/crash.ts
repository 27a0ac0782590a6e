/** From `kill -9` of the bot in the middle of a run until the run has come forward again. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { stringify } from 'yaml';
import type { Store } from '../src/store/store.ts';
import { type BotProcess, botsFrom } from '../test/scenarios/bot.ts';
import { eventually } from '../test/support/eventually.ts';
import type { Bench, Figure } from './figure.ts';
import { declare, inWorld, type World } from './world.ts';

const TIMES = 3;
const STEPS = 25;
/** So many steps are done before the kill. */
const BEGUN = 3;
const LIMIT_S = 15;

export const crash: Bench = {
  name: 'crash',
  title: 'From a crash to where it goes on',
  about: `The process is killed by SIGKILL in the middle of a run: until the next step is
journaled as done, by a second instance that was there already, or by the same one that is started again at once. The longest of ${TIMES}. Compared
to the time between two steps of a run that nobody disturbs, and to a start that has nothing to go on with.`,
  measure: () => inWorld(measured),
};

async function measured(world: World): Promise<readonly Figure[]> {
  const slack = await world.slack();
  await mkdir(join(world.folder, 'runbooks'));
  await writeFile(join(world.folder, 'runbooks', 'slow.yml'), stringify(SLOW));
  const env = { SHOP_URL: await readerOf(await world.database('shop')) };
  const file = { targets: { shop: { diag_url_env: 'SHOP_URL' } } };
  const { file: config, env: all, store } = await world.configure(slack, { file, env });
  const bots = botsFrom(config, all);
  world.onClose(() => bots.close());
  const starts: number[] = [];
  const start = async (): Promise<BotProcess> => {
    const started = performance.now();
    const bot = await bots.start();
    starts.push((performance.now() - started) / 1000);
    return bot;
  };
  let bot = await start();
  const bareStart = starts[0] ?? 0;
  const channel = await declare(slack, store, 'sev3 a run that is cut off');
  const run = () =>
    slack.control('POST', 'commands', { user: 'oncall', channel, text: '/incident run slow' });
  const paces: number[] = [];
  const adopted: number[] = [];
  const restarted: number[] = [];
  for (let time = 0; time < TIMES; time += 1) {
    await run();
    paces.push(await pace(store));
    await bot.kill();
    const cut = performance.now();
    const next = start();
    restarted.push(await untilNext(store, cut));
    bot = await next;
    await endRun(store);

    await run();
    await untilDone(store, BEGUN);
    const other = await start();
    // Whoever has the run is killed: the other one has only watched.
    const mine = bot;
    bot = other;
    await mine.kill();
    adopted.push(await untilNext(store, performance.now()));
    await endRun(store);
  }
  const goals = [{ of: 'value', is: 'at most', limit: LIMIT_S }] as const;
  return [
    {
      name: 'resumed by another instance',
      value: Math.max(...adopted),
      unit: 's',
      against: { value: Math.max(...paces), what: 'from step to step undisturbed' },
      goals,
    },
    {
      name: 'resumed by the next start',
      value: Math.max(...restarted),
      unit: 's',
      against: { value: bareStart, what: 'for a start with nothing to go on with' },
      goals,
    },
  ];
}

/** The URL of a role that may do nothing but ask. */
async function readerOf(adminUrl: string): Promise<string> {
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  await admin.query(`create role reader login password 'reader'`);
  await admin.end();
  const url = new URL(adminUrl);
  [url.username, url.password] = ['reader', 'reader'];
  return url.href;
}

const SLOW = {
  name: 'slow',
  title: 'Take a while',
  summary: 'Steps that only take their time.',
  steps: Array.from({ length: STEPS }, (_, step) => ({
    name: `step ${step + 1}`,
    kind: 'db-query',
    with: { sql: 'select count(*)::int from generate_series(1, 1500000)' },
  })),
};

/** Steps of the newest run that are done. */
async function done(store: Store): Promise<number> {
  const { rows } = await store.query<{ done: number }>(
    `select count(*) as done from run_steps
      where run_id = (select max(id) from runs) and state = 'done'`,
  );
  return rows[0]?.done ?? 0;
}

const untilDone = (store: Store, steps: number): Promise<true> =>
  eventually(async () => (await done(store)) >= steps, { within: 60_000, every: 10 });

/** Seconds from step to step. */
async function pace(store: Store): Promise<number> {
  await untilDone(store, 1);
  const started = performance.now();
  await untilDone(store, BEGUN);
  return (performance.now() - started) / 1000 / (BEGUN - 1);
}

/** What was under way when it was killed may still have been committed: a step more than that counts. */
async function untilNext(store: Store, cut: number): Promise<number> {
  await untilDone(store, (await done(store)) + 1);
  return (performance.now() - cut) / 1000;
}

/** No run goes on beside the next one. */
async function endRun(store: Store): Promise<void> {
  const { rows } = await store.query<{ steps: number }>(
    'select count(*) as steps from run_steps where run_id = (select max(id) from runs)',
  );
  await untilDone(store, rows[0]?.steps ?? STEPS);
}
