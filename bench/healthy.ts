/** A healthy shop with the spikes that every shop has: nothing may be proposed. */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { SITE_QUERY } from '../sandbox/story/queries.ts';
import type { Store } from '../src/store/store.ts';
import { textOf } from './fault.ts';
import { type Ground, openGround } from './ground.ts';
import { openVigil } from './vigil.ts';

export interface Quiet {
  readonly looks: number;
  /** Spikes that looks fell into. */
  readonly spikes: number;
  /** What was proposed all the same. */
  readonly strangers: readonly string[];
}

const SPIKE_EVERY_S = 30;
/** A spike goes on as long as it does; in between time is put forward. */
const SPIKE_S = 0.7;
const AS_LONG_AS_IT_IS = 1000;
const FAST_MS = 5;

/** Looks for so many minutes of the monitors' clock; every half minute there is a spike when they look. */
export async function watchHealthy(store: Store, minutes: number): Promise<Quiet> {
  const ground = await openGround({ seed: 4, readsPerSecond: 100 });
  try {
    const people = await Promise.all(PEOPLE.map(() => ground.connect('app', 'shop-web')));
    const vigil = await openVigil(ground, store, minutes * 60_000);
    const rounds = (minutes * 60) / SPIKE_EVERY_S;
    await vigil.watch({ seconds: SPIKE_EVERY_S - SPIKE_S / 2, secondMs: FAST_MS });
    for (let round = 0; round < rounds; round += 1) {
      const spike = SPIKES[round % SPIKES.length]?.(ground, people);
      await vigil.watch({ seconds: SPIKE_S, secondMs: AS_LONG_AS_IT_IS });
      await spike;
      await vigil.watch({ seconds: SPIKE_EVERY_S - SPIKE_S, secondMs: FAST_MS });
    }
    const strangers = vigil.proposals.map(({ sighting }) => textOf(sighting));
    return { looks: vigil.looks(), spikes: rounds, strangers };
  } finally {
    await ground.close();
  }
}

/** So many more than usual come at once. */
const PEOPLE = Array.from({ length: 15 });

type Spike = (ground: Ground, people: readonly pg.Client[]) => Promise<unknown>;

const SPIKES: readonly Spike[] = [
  burst,
  lockForAMoment,
  batch,
  (ground) => ground.admin.query('vacuum analyze orders, order_status, order_events'),
  fewErrors,
  serializationFailure,
  shortReport,
];

/** A newsletter is out. */
async function burst(_ground: Ground, people: readonly pg.Client[]): Promise<void> {
  const visits = people.map(async (client, index) => {
    for (let page = 1; page <= 40; page += 1) await client.query(SITE_QUERY, [index * 40 + page]);
  });
  await Promise.all(visits);
}

/** A harmless release: its lock is there for less than a second. */
async function lockForAMoment(ground: Ground): Promise<void> {
  await ground.admin.query('begin');
  await ground.admin.query('lock table order_status in access exclusive mode');
  await sleep(500);
  await ground.admin.query('commit');
}

async function batch({ admin }: Ground): Promise<void> {
  await admin.query('update order_status set updated_at = now() where order_id % 3 = 0');
}

/** A double click, and a form that is filled in wrongly: as any app has them. */
async function fewErrors(_ground: Ground, [client]: readonly pg.Client[]): Promise<void> {
  for (const sql of [
    'insert into orders (id, customer_id, placed_at, total_cents) values (1, 1, now(), 100)',
    "select * from orders where id = 'seven'::bigint",
    'insert into orders (id, customer_id, placed_at, total_cents) values (2, 1, now(), 100)',
  ])
    await client?.query(sql).catch(() => undefined);
}

/** Two change the same row, and the second is told to do it again (40001). */
async function serializationFailure(_ground: Ground, [one, other]: readonly pg.Client[]): Promise<void> {
  const raise = 'update orders set total_cents = total_cents + 1 where id = 7';
  await one?.query('begin isolation level repeatable read; select from orders where id = 7');
  await other?.query(raise);
  await one?.query(raise).catch(() => undefined);
  await one?.query('rollback');
}

/** It reads in a transaction, thinks for a while, and reads on. */
async function shortReport(_ground: Ground, [client]: readonly pg.Client[]): Promise<void> {
  await client?.query('begin');
  await client?.query('select count(*) from order_events');
  await sleep(500);
  await client?.query('select count(*) from order_status');
  await client?.query('commit');
}
