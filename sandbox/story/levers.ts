/** The levers of the story, for whoever plays it by hand: break the shop, put somebody in the way, set it right again. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { ControlError } from '../server/refusal.ts';
import { type OpenBlocker, openBlocker } from './blocker.ts';
import { applyRelease, writeRelease } from './releases.ts';
import { type Story, storyOf } from './seed.ts';
import type { Shop } from './shop.ts';
import type { Traffic } from './traffic.ts';

export interface LeverOptions {
  readonly shop: Shop;
  /** The shop as a superuser. */
  readonly adminUrl: string;
  readonly traffic: Traffic;
  /** Records the migrations of a directory beside the project's tool, as its CI would. */
  readonly capture: (dir: string) => Promise<void>;
}

type Lever = 'outage' | 'blocker' | 'reset';

export interface Levers {
  /** What the page shows of the shop, and which levers can be pulled. */
  show(): Promise<{ readonly steps: readonly object[]; readonly shop: object }>;
  /** `outage`, `blocker` or `reset`; answers what happened, throws a ControlError. */
  pull(lever: unknown): Promise<string>;
  close(): Promise<void>;
}

/** After a reset comes the next story, which breaks the shop in another way. */
const ROUND_FILE = 'round';
const RECENT_MS = 3000;

export async function createLevers(options: LeverOptions): Promise<Levers> {
  const { shop, adminUrl, traffic, capture } = options;
  const admin = new pg.Pool({
    connectionString: adminUrl,
    application_name: 'sandbox',
    max: 2,
    statement_timeout: 20_000,
  });
  admin.on('error', () => undefined);
  const roundFile = join(shop.migrationsDir, '..', ROUND_FILE);
  let round = Number(await readFile(roundFile, 'utf8').catch(() => '0'));
  let blocker: OpenBlocker | undefined;
  let busy = false;
  const story = (): Story => storyOf(shop.seed + round);
  const applied = (): Promise<boolean> => isApplied(admin, story().migration);
  const levers: Readonly<Record<Lever, () => Promise<string>>> = {
    outage: async () => {
      if (await applied()) throw notNow('The release is out already.');
      await writeRelease(shop.migrationsDir, story());
      await capture(shop.migrationsDir);
      const names = await applyRelease({ ownerUrl: shop.urls.owner, dir: shop.migrationsDir });
      return `Released: ${names.join(', ')}. Watch #incidents.`;
    },
    blocker: async () => {
      if (blocker?.isOpen()) throw notNow('The forgotten connection is open already.');
      if (!(await applied()))
        throw notNow('Cause the outage first: now it would stand in the way of the release.');
      const table = story().tableAfter;
      blocker = await openBlocker({ urls: shop.urls, blocker: story().blocker, table });
      return `Session ${blocker.pid} (${blocker.application}) now sits in a transaction on ${table}.`;
    },
    reset: async () => {
      await blocker?.release();
      const { path, down } = await writeRelease(shop.migrationsDir, story());
      await setRight(admin, shop, { down: (await applied()) ? down : '', migration: story().migration });
      await rm(path);
      round += 1;
      await writeFile(roundFile, String(round));
      return 'The shop is as it was. The next outage will be another one.';
    },
  };
  return {
    show: async () => {
      const isOut = await applied().catch(() => true);
      return {
        steps: stepsOf({ isOut, isBlocked: blocker?.isOpen() ?? false, busy }),
        shop: shopOf(traffic),
      };
    },
    async pull(lever) {
      const run = Object.entries(levers).find(([name]) => name === lever)?.[1];
      if (!run) throw new ControlError(400, 'wrong_input', `step: one of ${Object.keys(levers).join(', ')}`);
      if (busy) throw notNow('One at a time.');
      busy = true;
      try {
        return await run();
      } finally {
        busy = false;
      }
    },
    async close() {
      await blocker?.release();
      await admin.end();
    },
  };
}

const notNow = (why: string): ControlError => new ControlError(409, 'not_now', why);

async function isApplied(admin: pg.Pool, migration: string): Promise<boolean> {
  const { rowCount } = await admin.query('select from pgmigrations where name = $1', [migration]);
  return rowCount === 1;
}

function stepsOf(now: { isOut: boolean; isBlocked: boolean; busy: boolean }): readonly object[] {
  const { isOut, isBlocked, busy } = now;
  return [
    {
      id: 'outage',
      label: 'Cause the outage',
      hint: isOut ? 'The release is out.' : 'A release breaks order_status.',
      can: !isOut && !busy,
      style: 'danger',
    },
    {
      id: 'blocker',
      label: 'Forget a connection',
      hint: isBlocked
        ? 'A session sits in a transaction: no rollback gets past it.'
        : 'It sits in a transaction and stands in the way of the rollback.',
      can: isOut && !isBlocked && !busy,
    },
    {
      id: 'reset',
      label: 'Reset the shop',
      hint: 'Schema and data as they were, for another outage.',
      can: !busy,
    },
  ];
}

function shopOf(traffic: Traffic): object {
  const { reads, writes, backlog, greenSince } = traffic.report();
  const recent = traffic.errorsSince(Date.now() - RECENT_MS);
  const failed = Object.values(reads.failed).reduce((sum, n) => sum + n, 0);
  return {
    state: recent === 0 ? 'up' : greenSince === undefined ? 'down' : 'failing',
    ok: reads.ok,
    failed,
    failing: reads.failed,
    writes: writes.acknowledged,
    backlog,
  };
}

const TRIES = 3;

/** Undoes the release, and makes the status rows anew from the events, which were never wrong. */
async function setRight(
  admin: pg.Pool,
  shop: Shop,
  release: { readonly down: string; readonly migration: string },
): Promise<void> {
  const client = await admin.connect();
  try {
    for (let tries = 1; ; tries += 1) {
      try {
        await client.query(`
          begin;
          set local lock_timeout = '3s';
          set local role ${pg.escapeIdentifier(shop.roles.owner)};
          lock table orders in access exclusive mode;
          ${release.down};
          delete from pgmigrations where name = ${pg.escapeLiteral(release.migration)};
          truncate order_status;
          insert into order_status (order_id, status, carrier, tracking_code, eta, updated_at)
          select distinct on (order_id) order_id, status, carrier, tracking_code, eta, at
            from order_events
           order by order_id, id desc;
          commit`);
        return;
      } catch (error) {
        await client.query('rollback').catch(() => undefined);
        // The site's own locks can cross ours.
        if (tries === TRIES) throw error;
      }
    }
  } finally {
    client.release();
  }
}
