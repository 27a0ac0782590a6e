/** A guarded deploy on a real database, with clients that write throughout. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { heldByGuards, readGuards } from '../../src/databases/guard/journal.ts';
import type { CapturedMigration } from '../../src/domain/plan.ts';
import { type GuardWish, guard } from '../../src/guard/guard.ts';
import { captured, createShop, type Shop } from '../databases/shop.ts';

const ROWS = 60;

describe('a guarded deploy', () => {
  let shop: Shop;
  let lines: string[];
  beforeEach(async () => {
    shop = await createShop();
    await shop.query(`delete from order_status where order_id > ${ROWS}`);
    lines = [];
  });
  afterEach(() => shop.close());

  const wish = (
    migrations: readonly CapturedMigration[],
    more: Partial<GuardWish> & { policy?: 'auto' | 'propose'; window?: number } = {},
  ): GuardWish => ({
    target: shop.target,
    captured: migrations,
    pending: migrations,
    start: {
      id: randomBytes(4).toString('hex'),
      target: 'shop',
      by: 'terminal:ci@test',
      command: 'migrate',
      policy: more.policy ?? 'auto',
      windowSeconds: more.window ?? 6,
    },
    large: false,
    run: async () => {
      for (const migration of migrations) await deploy(migration);
      return 0;
    },
    say: (line) => lines.push(line),
    ...more,
  });

  /** As a deploy is tried again when it met the clients in a deadlock. */
  const deploy = (migration: CapturedMigration): Promise<unknown> =>
    shop.apply(migration).catch((error: unknown) => {
      if ((error as { code?: string }).code === '40P01') return deploy(migration);
      throw error;
    });

  async function exitOf(given: GuardWish): Promise<number | string> {
    const done = await guard(given);
    return done.ok ? done.exit : done.code;
  }

  /** What is left of ours in the target, but for its journal. */
  const left = async (): Promise<readonly object[]> =>
    shop.query(`select nspname::text as what from pg_namespace where nspname like 'firebreak_guard%'
      union all select tgname::text from pg_trigger where tgname like 'firebreak%'`);
  const applied = async (): Promise<string[]> =>
    (await shop.query<{ name: string }>('select name from pgmigrations order by id')).map(({ name }) => name);
  const kinds = async (): Promise<string[]> =>
    ((await readGuards(shop.target)).at(-1)?.events ?? []).map(({ kind }) => kind);

  const GOOD = captured(
    '2_good',
    "update order_status set carrier = 'x' where order_id <= 5; alter table orders add column due date",
    'alter table orders drop column due',
  );

  it('that stays green leaves the migration, and nothing of ours', async () => {
    expect(await exitOf(wish([GOOD], { window: 1 }))).toBe(0);
    expect(await applied()).toContain('2_good');
    expect(await left()).toEqual([]);
    expect(await kinds()).toEqual(['started', 'kept', 'command', 'applied', 'kept', 'green', 'finished']);
  });

  it('whose command fails leaves nothing', async () => {
    expect(await exitOf(wish([GOOD], { run: () => Promise.resolve(7) }))).toBe(1);
    expect(await left()).toEqual([]);
    expect(await kinds()).toEqual(['started', 'kept', 'command', 'finished']);
  });

  it('that is to propose leaves it in place, with what a rollback needs', async () => {
    const bad = captured(
      '2_bad',
      'alter table order_status drop column carrier',
      'alter table order_status add column carrier text',
    );
    expect(await exitOf(wish([bad], { policy: 'propose' }))).toBe(5);
    expect(await applied()).toContain('2_bad');
    expect(await kinds()).toEqual([
      'started',
      'kept',
      'command',
      'applied',
      'kept',
      'red',
      'proposed',
      'finished',
    ]);
    expect(await left()).not.toEqual([]);
  });

  it('is refused while another one is at work', async () => {
    let second: number | string = '';
    const first = wish([GOOD], {
      window: 1,
      run: async () => {
        second = await exitOf(wish([], { window: 1 }));
        return 0;
      },
    });
    await exitOf(first);
    expect(second).toBe('GUARD_BUSY');
  });

  it('that waits for a lock at its undo tries on, and names who holds it when it gives up', async () => {
    const bad = captured(
      '2_bad',
      'alter table order_status rename column carrier to shipper',
      'alter table order_status rename column shipper to carrier',
    );
    const blocker = await shop.connect('app', 'report');
    const running = wish([bad], {
      run: async () => {
        await shop.apply(bad);
        await blocker.query('begin; select 1 from order_status limit 1');
        setTimeout(() => void blocker.query('rollback'), 4000);
        return 0;
      },
    });
    expect(await exitOf(running)).toBe(3);
    await blocker.end();
    expect(await applied()).not.toContain('2_bad');
  });

  it('of two migrations undoes both, also when the older one is to blame', async () => {
    const first = captured(
      '2_a',
      'alter table order_status rename column carrier to shipper',
      'alter table order_status rename column shipper to carrier',
    );
    const second = captured(
      '3_b',
      'alter table orders add column due date',
      'alter table orders drop column due',
    );
    expect(await exitOf(wish([first, second]))).toBe(3);
    expect(await applied()).not.toContain('2_a');
    expect(await applied()).not.toContain('3_b');
  });

  it('brings rows back though others that they refer to come back after them', async () => {
    const bad = captured(
      '2_bad',
      'delete from order_status where order_id <= 5; delete from orders where id <= 5; alter table order_status rename column carrier to shipper',
      'alter table order_status rename column shipper to carrier',
    );
    expect(await exitOf(wish([bad]))).toBe(3);
    expect(await shop.query('select from order_status where order_id <= 5')).toHaveLength(5);
  });

  it('keeps what the rollback copied, and what a failed command left changed', async () => {
    const bad = captured(
      '2_bad',
      'alter table orders add column note text; alter table order_status rename column carrier to shipper',
      'alter table order_status rename column shipper to carrier; alter table orders drop column note',
    );
    expect(await exitOf(wish([bad]))).toBe(3);
    expect(await left()).not.toEqual([]);
    const half = captured(
      '3_half',
      'alter table order_events drop column eta',
      'alter table order_events add column eta date',
    );
    const run = async (): Promise<number> => {
      await shop.query('alter table order_events drop column eta');
      return 1;
    };
    expect(await exitOf(wish([half], { run, window: 1 }))).toBe(1);
    expect(lines.join('\n')).toContain('Not in the history, but changed: public.order_events');
  });

  const BAD: readonly (readonly [string, string, string])[] = [
    [
      'an UPDATE and a rename',
      "update order_status set status = 'LOST' where order_id <= 40; alter table order_status rename column carrier to shipper",
      'alter table order_status rename column shipper to carrier',
    ],
    [
      'a dropped column',
      "update order_status set status = 'LOST' where order_id <= 30; alter table order_status drop column carrier",
      'alter table order_status add column carrier text',
    ],
    [
      'a retyped column',
      'alter table order_status alter column carrier type varchar(2) using left(carrier, 2); alter table order_status rename column eta to due',
      'alter table order_status rename column due to eta; alter table order_status alter column carrier type text',
    ],
    [
      'rows deleted',
      'delete from order_status where order_id <= 20; alter table order_status rename column eta to due',
      'alter table order_status rename column due to eta',
    ],
  ];
  const SEEDS = [1, 2];
  const CASES = BAD.flatMap(([what, up, down]) => SEEDS.map((seed) => [what, seed, up, down] as const));

  it.each(CASES)(
    'that goes red is undone with no write of a client lost: %s, seed %s',
    async (_what, seed, up, down) => {
      const bad = captured('2_bad', up, down);
      const stop = new AbortController();
      const acknowledged = new Map<number, string>();
      const clients = [1, 2, 3].map((n) => client(shop, n * 100 + seed, acknowledged, stop.signal));
      await sleep(150);
      const exit = await exitOf(wish([bad]));
      await sleep(150);
      stop.abort();
      await Promise.all(clients);
      expect([3, 4]).toContain(exit);
      expect(await applied()).not.toContain('2_bad');
      expect((await heldByGuards(shop.target)).map(({ migration }) => migration)).toEqual(['2_bad']);
      const rows = await shop.query<{
        id: number;
        status: string;
        carrier: string | null;
        eta: string | null;
      }>(`select order_id::int as id, status, carrier, eta::text from order_status order by 1`);
      const known = new Map(rows.map((row) => [row.id, row]));
      const lost = [...acknowledged].filter(([id, status]) => known.get(id)?.status !== status);
      expect({ seed, lost }).toEqual({ seed, lost: [] });
      // And what no client touched is as it was.
      const wrong = Array.from({ length: ROWS }, (_, i) => i + 1)
        .filter((id) => !acknowledged.has(id))
        .filter(
          (id) =>
            known.get(id)?.status !== 'shipped' ||
            known.get(id)?.carrier !== `carrier ${id % 3}` ||
            known.get(id)?.eta === null,
        );
      expect({ seed, wrong }).toEqual({ seed, wrong: [] });
      expect(lines.join('\n')).toMatch(/From the first red probe to green in [\d.]+ s/);
    },
  );
});

/** Sets the status of rows of its own; what the server has acknowledged is remembered. */
async function client(
  shop: Shop,
  seed: number,
  acknowledged: Map<number, string>,
  stop: AbortSignal,
): Promise<void> {
  const session = await shop.connect('app', `client ${seed}`);
  let state = seed;
  const next = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state % below;
  };
  const lane = Math.floor(seed / 100) - 1;
  for (let n = 0; !stop.aborted; n += 1) {
    const id = 1 + lane + 3 * next(ROWS / 3);
    // Some rows are left alone, so that there is something to put back.
    if (id % 2 === 0) continue;
    const status = `client ${seed} ${n}`;
    await session
      .query('update order_status set status = $1 where order_id = $2', [status, id])
      .then(({ rowCount }) => {
        if (rowCount === 1) acknowledged.set(id, status);
      })
      .catch(() => undefined);
    await sleep(5);
  }
  await session.end();
}
