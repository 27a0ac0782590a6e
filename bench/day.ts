/** A day in some minutes: whether the bot's memory grows from hour to hour. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { PROBE_SQL } from '../sandbox/story/queries.ts';
import { createShop, type Shop } from '../sandbox/story/shop.ts';
import type { Store } from '../src/store/store.ts';
import { eventually } from '../test/support/eventually.ts';
import type { Memory } from './bot-child.ts';
import { type Child, startChild } from './child.ts';
import { amount, type Bench, type Figure } from './figure.ts';
import { inWorld, type Slack, TOKEN, type World } from './world.ts';

const HOURS = 24;
/** The clock is put forward by one look of the monitors at a time. */
const STEP_S = 30;
const STEPS = 3600 / STEP_S;
/** Whether it grows on, or has come to an end, shows in between. */
const ASKED_EVERY = 4;

export const day: Bench = {
  name: 'day',
  title: 'Memory over a day',
  about: `The whole bot for ${HOURS} hours of its clock, which is put forward by ${STEP_S} s once all that is due is done. Its default monitors of a
database look each time; in each hour a table is missing for two minutes, which is proposed; an incident is declared, talked
and noted in, told of by alerts, and resolved. The heap after a forced collection, at hour ${HOURS} compared to hour 1.`,
  measure: () => inWorld(measured),
};

interface Day {
  readonly slack: Slack;
  readonly store: Store;
  readonly bot: Child;
  readonly botUrl: string;
  readonly owner: pg.Client;
}

async function measured(world: World): Promise<readonly Figure[]> {
  const slack = await world.slack(0);
  const shop = await openShop(world);
  const { file, env, store } = await world.configure(slack, {
    file: { targets: { shop: TARGET }, monitors: { site: SITE } },
    env: { SHOP_URL: shop.urls.diag },
  });
  const bot = startChild('bot-child', { flags: ['--expose-gc'], env });
  world.onClose(() => bot.close());
  const owner = new pg.Client({ connectionString: shop.urls.owner });
  await owner.connect();
  world.onClose(() => owner.end());
  const life: Day = { slack, store, bot, botUrl: await bot.ask<string>('open', file), owner };
  await hour(life, 1);
  const first = await bot.ask<Memory>('memory');
  const heaps = [first.heapMb];
  let last = first;
  for (let number = 2; number <= HOURS; number += 1) {
    await hour(life, number);
    if (number % ASKED_EVERY > 0) continue;
    last = await bot.ask<Memory>('memory');
    heaps.push(last.heapMb);
  }
  const looks = await store.query<{ incidents: number; alerts: number; proposals: number }>(HAPPENED);
  const { incidents = 0, alerts = 0, proposals = 0 } = looks.rows[0] ?? {};
  if (incidents < HOURS || alerts < HOURS || proposals < HOURS)
    throw new Error(`too little happened: ${incidents} incidents, ${alerts} alerts, ${proposals} proposals`);
  return [
    {
      name: `heap at hour ${HOURS}`,
      value: last.heapMb,
      unit: 'MB',
      against: { value: first.heapMb, what: 'at hour 1' },
      goals: [{ of: 'ratio', is: 'at most', limit: 1.1 }],
      note: `${incidents} incidents, ${alerts} alerts, ${proposals} proposals; at hour 1, then every ${ASKED_EVERY} hours: ${heaps.map(amount).join(', ')} MB`,
    },
    {
      name: `memory of the process at hour ${HOURS}`,
      value: last.rssMb,
      unit: 'MB',
      against: { value: first.rssMb, what: 'at hour 1' },
    },
  ];
}

const HAPPENED = `
  select (select count(*) from incidents where status = 'resolved') as incidents,
         (select count(*) from alerts where state = 'resolved') as alerts,
         (select count(*) from proposals) as proposals`;

const TARGET = {
  diag_url_env: 'SHOP_URL',
  tool: 'node-pg-migrate',
  probes: [{ name: 'order-status', sql: PROBE_SQL }],
};
const SITE = { target: 'shop', every_s: STEP_S, failures: 2 };

async function openShop(world: World): Promise<Shop> {
  const migrationsDir = join(world.folder, 'migrations');
  await mkdir(migrationsDir);
  return createShop({ adminUrl: await world.database('shop'), seed: 1, orders: 500, migrationsDir });
}

/** What people and others do, by the step of the hour at which they do it. */
async function hour(life: Day, number: number): Promise<void> {
  let channel = '';
  const deeds: Readonly<Record<number, () => Promise<unknown>>> = {
    10: async () => (channel = await declared(life, number)),
    14: () => alert(life, number, 'firing'),
    20: () => talk(life, channel),
    24: () => type(life, channel, 'note the p99 of the checkout is at 4 s'),
    30: () => type(life, channel, 'update we found the cause and are at it'),
    40: () => alert(life, number, 'resolved'),
    50: () => type(life, channel, 'status resolved'),
    70: () => life.owner.query('alter table order_status rename to order_status_lost'),
    74: () => life.owner.query('alter table order_status_lost rename to order_status'),
  };
  for (let step = 0; step < STEPS; step += 1) {
    await deeds[step]?.();
    await forward(life);
  }
}

async function forward({ slack, store, bot }: Day): Promise<void> {
  await slack.control('POST', 'clock', { advance_ms: STEP_S * 1000 });
  const now = await bot.ask<number>('advance', STEP_S * 1000);
  await eventually(async () => (await left(store, new Date(now))) === 0, { within: 60_000, every: 5 });
}

/** What could be done now. */
async function left(store: Store, now: Date): Promise<number> {
  const { rows } = await store.query<{ left: number }>(
    `select (select count(*) from outbox o left join lanes l on l.lane = o.lane
              where o.state = 'pending' and (l.not_before is null or l.not_before <= $1))
            + (select count(*) from inbox where state = 'received')
            + (select count(*) from timers where done_at is null and due_at <= $1
                  and (not_before is null or not_before <= $1)) as left`,
    [now],
  );
  return rows[0]?.left ?? 0;
}

const type = ({ slack }: Day, channel: string, line: string): Promise<unknown> =>
  slack.control('POST', 'commands', { user: 'oncall', channel, text: `/incident ${line}` });

async function declared(life: Day, number: number): Promise<string> {
  await type(life, 'incidents', `declare sev3 --anyway hour number ${number}`);
  return eventually(
    async () => {
      const { rows } = await life.store.query<{ channel: string | null }>(
        'select channel_id as channel from incidents where title = $1',
        [`hour number ${number}`],
      );
      return rows[0]?.channel;
    },
    { within: 60_000 },
  );
}

async function talk({ slack }: Day, channel: string): Promise<void> {
  for (const user of ['oncall', 'commander', 'dba']) {
    const text = `this is what ${user} sees: nothing but errors`;
    const { ts } = await slack.control<{ ts: string }>('POST', 'messages', { user, channel, text });
    await slack.control('POST', 'reactions', { user, channel, ts, name: 'pushpin' });
  }
}

async function alert({ botUrl }: Day, number: number, state: 'firing' | 'resolved'): Promise<void> {
  const response = await fetch(`${botUrl}/alerts/generic`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify({ title: `checkout is slow ${number}`, fingerprint: `slow-${number}`, state }),
  });
  if (!response.ok) throw new Error(`alert: ${response.status} ${await response.text()}`);
}
