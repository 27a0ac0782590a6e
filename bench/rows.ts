/** Rows kept and put back, against the plain statements that would do it without any care. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { executeSql, planExecute, planSnapshot } from '../src/databases/execute.ts';
import { executeRepair, planRepair } from '../src/databases/repair.ts';
import { executeRestore, planRestore } from '../src/databases/restore.ts';
import { openTarget, type Target } from '../src/databases/target.ts';
import type { ActionOutcome, CapturedMigration, Plan, TransactionTrace } from '../src/domain/plan.ts';
import { startEmbedded } from '../src/store/embedded.ts';
import type { Bench, Figure } from './figure.ts';

const ROWS = 2_000_000;
const SCHEMA = 'firebreak_1';
/** It may take its time: what is measured is how long it takes. */
const PATIENT = { statementTimeoutMs: 600_000 };

const BAD: CapturedMigration = {
  name: '1_uppercase',
  fileHash: 'bench',
  up: "update deliveries set status = 'LOST'",
  down: 'select 1',
};

export const rows: Bench = {
  name: 'rows',
  title: 'Rows kept and put back',
  about: `A table of ${ROWS.toLocaleString('en-US')} rows of about 80 bytes: all of them are copied before a change, repaired from a source, and
restored from the copy. Compared to the plain statement that would do the same without any care.`,
  async measure() {
    const dataDir = await mkdtemp(join(tmpdir(), 'firebreak-bench-'));
    const server = await startEmbedded({ dataDir, temporary: true });
    try {
      await server.ensureDatabase('shop');
      return await onTarget(server.url('shop'));
    } finally {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    }
  },
};

async function onTarget(url: string): Promise<readonly Figure[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const target = openTarget({
    name: 'shop',
    urls: { diag: url, ddl: url },
    tool: 'node-pg-migrate',
    probes: [],
    services: [],
    snapshot: { maxLockSeconds: 600 },
    sources: { deliveries: { key: 'id', columns: ['status'], from: 'select id, status from truth' } },
  });
  try {
    await client.query(TABLES);
    await client.query('vacuum analyze');
    return await figures(client, target);
  } finally {
    await target.close();
    await client.end();
  }
}

/** About 80 bytes a row, as a delivery's state may have. */
const TABLES = `
  create table pgmigrations (id serial primary key, name text not null, run_on timestamp not null);
  create table deliveries (id bigint primary key, status text not null, carrier text not null, seen_at timestamptz not null);
  insert into deliveries
  select n, 'shipped', 'carrier ' || n % 7, timestamptz '2026-01-01' + n * interval '1 second'
    from generate_series(1, ${ROWS}) n;
  create table truth as select id, status from deliveries;
  alter table truth add primary key (id)`;

async function figures(client: pg.Client, target: Target): Promise<readonly Figure[]> {
  const plainCopy = await secondsOf(() => client.query('create table plain as select * from deliveries'));
  const copied = await done(
    target,
    await planSnapshot(target, { table: 'deliveries', snapshotSchema: SCHEMA }),
    executeSql,
  );
  const { seconds: plainUpdate, xid } = await applyBad(client);
  const repaired = await done(
    target,
    await planRepair(target, {
      table: 'deliveries',
      snapshotSchema: SCHEMA,
      migration: BAD.name,
      migrationXid: xid,
      captured: [BAD],
    }),
    executeRepair,
  );
  await client.query('vacuum analyze deliveries');
  const executed = await done(
    target,
    await planExecute(target, { sql: BAD.up, snapshotSchema: SCHEMA }),
    executeSql,
  );
  const earlier = [{ run: 1, kind: 'db-execute', plan: executed.plan, trace: executed.trace }];
  const restored = await done(
    target,
    await planRestore(target, { table: 'deliveries', snapshotSchema: SCHEMA, earlier }),
    executeRestore,
  );
  await nothingWrong(client);
  const copy = { value: plainCopy, what: 'by a plain CREATE TABLE AS' };
  const update = { value: plainUpdate, what: 'by a plain UPDATE' };
  const of = `of ${ROWS.toLocaleString('en-US')} rows`;
  return [
    { name: `snapshot ${of}`, value: copied.seconds, unit: 's', against: copy },
    { name: `repair ${of}`, value: repaired.seconds, unit: 's', against: update },
    { name: `restore ${of}`, value: restored.seconds, unit: 's', against: update },
  ];
}

async function applyBad(client: pg.Client): Promise<{ readonly seconds: number; readonly xid: string }> {
  await client.query('begin');
  const seconds = await secondsOf(() => client.query(BAD.up));
  await client.query('insert into pgmigrations (name, run_on) values ($1, now())', [BAD.name]);
  const { rows: found } = await client.query<{ xid: string }>(
    'select pg_current_xact_id()::xid::text as xid',
  );
  await client.query('commit');
  return { seconds, xid: found[0]?.xid ?? '' };
}

interface Options {
  readonly marker: { readonly run: string; readonly step: number; readonly epoch: number };
  readonly onXid: (trace: TransactionTrace) => Promise<void>;
  readonly statementTimeoutMs: number;
}

let runs = 0;

/** Carries an approved plan out, and measures that alone; what it cannot do ends the benchmark. */
async function done(
  target: Target,
  planned: { readonly ok: true; readonly plan: Plan } | { readonly ok: false; readonly code: string },
  execute: (target: Target, plan: Plan, options: Options) => Promise<ActionOutcome>,
): Promise<{ readonly plan: Plan; readonly seconds: number; readonly trace: TransactionTrace }> {
  if (!planned.ok) throw new Error(`refused: ${planned.code}`);
  let trace: TransactionTrace = { xid: '' };
  let outcome: ActionOutcome | undefined;
  const seconds = await secondsOf(async () => {
    outcome = await execute(target, planned.plan, {
      marker: { run: `bench-${(runs += 1)}`, step: 1, epoch: 1 },
      onXid: (it) => Promise.resolve(void (trace = it)),
      ...PATIENT,
    });
  });
  if (outcome?.state !== 'done') throw new Error(outcome?.verdict ?? 'nothing came of it');
  return { plan: planned.plan, seconds, trace };
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

async function nothingWrong(client: pg.Client): Promise<void> {
  const { rows: found } = await client.query<{ wrong: number }>(
    'select count(*)::int as wrong from deliveries d join truth t using (id) where d.status <> t.status',
  );
  if (found[0]?.wrong !== 0) throw new Error(`${found[0]?.wrong ?? '?'} rows are wrong at the end`);
}
