/** Two jobs update the same orders, each from its own end. */
import type pg from 'pg';
import { defineFault } from '../fault.ts';

const PAIRS = 3;

export default defineFault({
  name: 'deadlock-storm',
  make: async (ground) => {
    const jobs: [pg.Client, number, number][] = [];
    for (let pair = 1; pair <= PAIRS; pair += 1) {
      const [one, other] = [pair * 2, pair * 2 + 1];
      jobs.push([await ground.connect('app', 'price-job'), one, other]);
      jobs.push([await ground.connect('app', 'stock-job'), other, one]);
    }
    const ending = new AbortController();
    // Before the sessions end, or the jobs would ask them in vain for ever.
    ground.onClose(() => {
      ending.abort();
      return Promise.resolve();
    });
    for (const [client, ...orders] of jobs) void work(client, orders, ending.signal);
  },
  expects: { says: /deadlock/, sqlstate: '40P01', follows: /40P01|57014|lock|rolled back/ },
});

async function work(client: pg.Client, orders: readonly number[], ending: AbortSignal): Promise<void> {
  while (!ending.aborted) {
    await updateAll(client, orders).catch(() => client.query('rollback').catch(() => undefined));
  }
}

async function updateAll(client: pg.Client, orders: readonly number[]): Promise<void> {
  await client.query('begin');
  for (const order of orders) {
    await client.query('update orders set total_cents = total_cents where id = $1', [order]);
    await client.query('select pg_sleep(0.05)');
  }
  await client.query('commit');
}
