/** How long people wait for a sweep of a database: of a healthy one, and of one whose main table is locked. */
import type pg from 'pg';
import { loadChecks } from '../src/databases/check.ts';
import { sweep } from '../src/databases/sweep.ts';
import { eventually } from '../test/support/eventually.ts';
import type { Bench, Figure } from './figure.ts';
import { type Ground, openGround } from './ground.ts';
import { median } from './percentiles.ts';

const HEALTHY_TIMES = 9;
const LOCKED_TIMES = 3;
const PILE = 20;
const TABLE = 'order_status';

export const sweeps: Bench = {
  name: 'sweep',
  title: 'The sweep of a database',
  about: `The shop of the story under traffic: healthy, the median of ${HEALTHY_TIMES}, compared to as many bare \`select 1\` as the sweep has
checks; then with a forgotten transaction that holds ACCESS EXCLUSIVE on its main table and a pile of ${PILE} sessions behind it, the
longest of ${LOCKED_TIMES}.`,
  async measure() {
    const ground = await openGround({ seed: 1 });
    try {
      return await measured(ground);
    } finally {
      await ground.close();
    }
  },
};

async function measured(ground: Ground): Promise<readonly Figure[]> {
  const checks = (await loadChecks()).filter((check) => check.firstMinutes).length;
  await took(ground);
  const healthy: number[] = [];
  const bare: number[] = [];
  for (let time = 0; time < HEALTHY_TIMES; time += 1) {
    bare.push(await bareStatements(ground.admin, checks));
    healthy.push((await took(ground)).seconds);
  }
  await lock(ground);
  const locked: Awaited<ReturnType<typeof took>>[] = [];
  for (let time = 0; time < LOCKED_TIMES; time += 1) locked.push(await took(ground));
  if (!locked.every(({ top }) => top.includes(TABLE)))
    throw new Error('A sweep did not name the locked table');
  return [
    {
      name: `healthy sweep of ${checks} checks`,
      value: median(healthy),
      unit: 's',
      against: { value: median(bare), what: `for ${checks} bare statements` },
    },
    {
      name: 'locked sweep',
      value: Math.max(...locked.map(({ seconds }) => seconds)),
      unit: 's',
      against: { value: median(healthy), what: 'healthy' },
      goals: [{ of: 'value', is: 'at most', limit: 15 }],
    },
  ];
}

async function took({ target }: Ground): Promise<{ readonly seconds: number; readonly top: string }> {
  const report = await sweep(target, { now: new Date() });
  return { seconds: report.took_ms / 1000, top: report.top.join('\n') };
}

async function bareStatements(client: pg.Client, count: number): Promise<number> {
  const started = performance.now();
  for (let statement = 0; statement < count; statement += 1) await client.query('select 1');
  return (performance.now() - started) / 1000;
}

/** All of them end with the ground. */
async function lock(ground: Ground): Promise<void> {
  const forgotten = await ground.connect('owner', 'forgotten-migration');
  await forgotten.query('begin');
  await forgotten.query(`lock table ${TABLE} in access exclusive mode`);
  for (let session = 0; session < PILE; session += 1) {
    const client = await ground.connect('app', 'shop-web');
    client.query(`select from ${TABLE} limit 1`).catch(() => undefined);
  }
  await eventually(async () => {
    const { rows } = await ground.admin.query(
      `select from pg_locks where not granted and relation = '${TABLE}'::regclass`,
    );
    return rows.length >= PILE;
  });
}
