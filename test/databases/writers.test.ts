/** No write that a client was told of is lost by an undo: many short runs under writers that never pause for long. */
import { setTimeout as sleep } from 'node:timers/promises';
import { executeSql, planExecute } from '../../src/databases/execute.ts';
import { executeRepair, planRepair } from '../../src/databases/repair.ts';
import type { EarlierStep } from '../../src/databases/restore/find.ts';
import { executeRestore, planRestore } from '../../src/databases/restore.ts';
import type { KeptTable } from '../../src/databases/rollback/inputs.ts';
import { executeRollback, planRollback } from '../../src/databases/rollback.ts';
import type { ActionOutcome, Plan, TransactionTrace } from '../../src/domain/plan.ts';
import type { Refusal } from '../../src/domain/refusal.ts';
import { captured, createShop, type Shop } from './shop.ts';

const SEEDS = Array.from({ length: 20 }, (_, i) => i + 1);
/** The rows of a run: the first half is what the bad change updates, then come what it deletes and what it makes. */
const [UPDATED, DELETED, ROWS, MADE] = [60, 80, 120, 130];
const WRITERS = 3;

/** Numbers from 0 to below 1 that are the same for the same seed (mulberry32). */
function random(seed: number): () => number {
  let a = seed * 0x9e3779b9;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('under live writers', () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await createShop();
    await shop.query(`grant delete on order_status to ${shop.roles.app}`);
  });
  afterAll(() => shop.close());

  const must = (result: { readonly ok: true; readonly plan: Plan } | Refusal): Plan => {
    if (!result.ok) throw new Error(`refused: ${result.code} ${JSON.stringify(result.values)}`);
    return result.plan;
  };
  const done = (outcome: ActionOutcome): ActionOutcome => {
    if (outcome.state !== 'done') throw new Error(outcome.verdict);
    return outcome;
  };

  let runs = 0;
  const options = (onXid: (trace: TransactionTrace) => void = () => undefined) => ({
    marker: { run: `writers-${(runs += 1)}`, step: 1, epoch: 1 },
    attempts: 20,
    lockTimeoutMs: 500,
    onXid: (trace: TransactionTrace) => {
      onXid(trace);
      return Promise.resolve();
    },
  });

  const asOwner = async (sql: string): Promise<void> => {
    const owner = await shop.connect('owner');
    await owner.query(sql);
    await owner.end();
  };

  /** Clients that write until they are stopped; what they were last told of each row; undefined: deleted. */
  function startWriters(seed: number) {
    const told = new Map<number, string | undefined>();
    const writing = { on: true };
    const write = async (which: number): Promise<void> => {
      const next = random(seed * 100 + which);
      const app = await shop.connect('app');
      for (let n = 1; writing.on; n += 1) {
        // Each has rows of its own, so that its last word is the last one.
        const id = 1 + which + WRITERS * Math.floor((next() * (ROWS - which)) / WRITERS);
        const status = `writer ${which} ${n}`;
        // Whether a row that the change deleted was made and deleted again since, nobody can tell: the plan says so.
        if (next() < 0.2 && (id <= UPDATED || id > DELETED)) {
          await app.query('delete from order_status where order_id = $1', [id]);
          told.set(id, undefined);
        } else {
          await app.query(
            `insert into order_status (order_id, status) values ($1, $2)
             on conflict (order_id) do update set status = excluded.status`,
            [id, status],
          );
          told.set(id, status);
        }
        await sleep(next() * 6);
      }
      await app.end();
    };
    const all = Promise.all(Array.from({ length: WRITERS }, (_, which) => write(which)));
    // A writer that fails is seen when it is stopped.
    all.catch(() => undefined);
    return {
      told,
      stop: async (): Promise<void> => {
        writing.on = false;
        await all;
      },
    };
  }

  const BAD_ROWS = `update order_status set status = 'bad' where order_id <= ${UPDATED};
    delete from order_status where order_id > ${UPDATED} and order_id <= ${DELETED};
    insert into order_status (order_id, status)
    select n, 'bad' from generate_series(${ROWS + 1}, ${MADE}) n`;
  const migration = (seed: number, up: string) =>
    captured(
      `2${String(seed).padStart(3, '0')}_up`,
      `alter table order_status add column note text; ${up}`,
      'alter table order_status drop column note',
    );

  const rolledBack = async (
    up: ReturnType<typeof migration>,
    snapshotSchema: string,
    kept: readonly KeptTable[] = [],
  ) => {
    const plan = must(
      await planRollback(shop.target, { migration: up.name, captured: [up], snapshotSchema, kept }),
    );
    let trace: TransactionTrace = { xid: '' };
    done(
      await executeRollback(
        shop.target,
        plan,
        options((it) => void (trace = it)),
      ),
    );
    return { run: runs, kind: plan.kind, plan, trace };
  };

  const restored = async (earlier: EarlierStep, snapshotSchema: string): Promise<ActionOutcome> => {
    const request = { table: 'order_status', snapshotSchema, earlier: [earlier], batchRows: 20 };
    const plan = must(await planRestore(shop.target, request));
    return done(await executeRestore(shop.target, plan, options()));
  };

  /** Kept before the migration ran, in its own transaction, so that no write falls between the two. */
  async function migrationThenRestore(seed: number): Promise<ActionOutcome> {
    const keep = `kept_${seed}`;
    const up = migration(seed, BAD_ROWS);
    await shop.apply({
      ...up,
      up: `lock table order_status in access exclusive mode;
        create schema ${keep};
        create table ${keep}.copy as select * from order_status;
        create table ${keep}.hit as
        select order_id as k1, case when order_id <= ${UPDATED} then 'updated' else 'deleted' end as how
          from order_status where order_id <= ${DELETED}
         union all select n, 'inserted' from generate_series(${ROWS + 1}, ${MADE}) n;
        grant usage on schema ${keep} to ${shop.roles.diag};
        grant select on ${keep}.hit to ${shop.roles.diag};
        ${up.up}`,
    });
    const kept = {
      table: 'public.order_status',
      key: ['order_id'],
      hit: `${keep}.hit`,
      copy: `${keep}.copy`,
    };
    await sleep(20);
    const earlier = await rolledBack(up, `firebreak_${seed}`, [kept]);
    await sleep(20);
    return restored(earlier, `firebreak_${seed}`);
  }

  /** What was written before the migration it destroyed itself; only the source knows more, so writers come after. */
  async function migrationThenRepair(seed: number): Promise<ActionOutcome> {
    const snapshotSchema = `firebreak_${seed}`;
    const up = migration(seed, `update order_status set status = 'bad' where order_id <= ${UPDATED}`);
    const migrationXid = await shop.apply(up);
    writers = startWriters(seed);
    await sleep(20);
    const { trace } = await rolledBack(up, snapshotSchema);
    await sleep(20);
    const plan = must(
      await planRepair(shop.target, {
        table: 'order_status',
        snapshotSchema,
        migration: up.name,
        migrationXid,
        rollbackXid: trace.xid,
        captured: [up],
        batchRows: 20,
      }),
    );
    return done(await executeRepair(shop.target, plan, options()));
  }

  async function executionThenRestore(seed: number): Promise<ActionOutcome> {
    const snapshotSchema = `firebreak_${seed}`;
    const plan = must(await planExecute(shop.target, { sql: BAD_ROWS, snapshotSchema }));
    let trace: TransactionTrace = { xid: '' };
    done(
      await executeSql(
        shop.target,
        plan,
        options((it) => void (trace = it)),
      ),
    );
    await sleep(30);
    return restored({ run: runs, kind: plan.kind, plan, trace }, snapshotSchema);
  }

  let writers: ReturnType<typeof startWriters> | undefined;
  afterEach(() => writers?.stop());
  const WAYS = [migrationThenRestore, executionThenRestore, migrationThenRepair];

  it.each(SEEDS)('no acknowledged write is lost (seed %i)', async (seed) => {
    await asOwner(`truncate order_status;
      insert into order_status select order_id, status, carrier, eta from order_events where order_id <= ${ROWS}`);
    const way = WAYS[seed % WAYS.length] ?? migrationThenRestore;
    writers = way === migrationThenRepair ? undefined : startWriters(seed);
    await sleep(10);
    const outcome = await way(seed);
    await sleep(20);
    await writers?.stop();
    const now = new Map(
      (
        await shop.query<{ id: number; status: string }>(
          'select order_id::int as id, status from order_status',
        )
      ).map(({ id, status }) => [id, status]),
    );
    expect(Number(outcome.facts['restored'])).toBeGreaterThan(0);
    expect(writers?.told.size).toBeGreaterThan(5);
    const lost = [...(writers?.told ?? [])].filter(([id, status]) => now.get(id) !== status);
    expect({ seed, lost }).toEqual({ seed, lost: [] });
    // And nothing of the bad change is left.
    expect([...now].filter(([, status]) => status === 'bad')).toEqual([]);
  });
});
