/** Runs the statements that no transaction bears, one by one, and looks after each at what is there. */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { ActionOutcome, Plan } from '../../domain/plan.ts';
import { BEFORE_MS } from '../attempts.ts';
import { beginSql } from '../execution.ts';
import { readMarkers } from '../marker.ts';
import { ident, quoteName } from '../names.ts';
import { Stop, type Stopped, stopped, unknown } from '../outcome.ts';
import { connectionLost, errorText, isLockTrouble } from '../pg-errors.ts';
import { endQuietly, type Target } from '../target.ts';
import { refuseWhenAborted, type Work } from '../transaction.ts';
import { watchBlockers } from '../watch.ts';
import { indexNamed, isAsMade, type ReadWith, tableNamed } from './concurrent.ts';
import type { ConcurrentStep, RollbackInputs } from './inputs.ts';
import { stillNewest } from './transaction.ts';

/** Nobody who reads or writes queues behind such a wait: it may be longer than that for a table. */
const LOCK_TIMEOUT_MS = 10_000;

interface Options {
  readonly lockTimeoutMs?: number;
  readonly attempts?: number;
}

interface Result {
  readonly statement: string;
  readonly result: 'done' | 'was so already';
  readonly way_back: string;
}

interface Statements {
  run(client: pg.Client, work: Work): Promise<void>;
}

/** Executes what may have such statements; its outcome says which of them were done, and their ways back. */
export async function runningConcurrent(
  target: Target,
  inputs: () => RollbackInputs,
  options: Options,
  execute: (statements: Statements) => Promise<ActionOutcome>,
): Promise<ActionOutcome> {
  const results: Result[] = [];
  const state: { unsure?: string } = {};
  const outcome = await execute({
    run: async (client, work) => {
      const known = inputs();
      await refuseBefore(client, work, known);
      await inOrder({ ...work, target, options, state }, client, known, results);
    },
  });
  if (state.unsure !== undefined) return unknown(state.unsure, { statements: results });
  if (results.length === 0) return outcome;
  const facts = { ...outcome.facts, statements: results };
  if (outcome.state !== 'stopped') return { ...outcome, facts };
  return { ...outcome, facts, verdict: `${outcome.verdict} ${staysText(results)}` };
}

const staysText = (results: readonly Result[]): string => {
  const done = results.filter(({ result }) => result === 'done');
  if (done.length === 0) return 'None of its statements had changed anything.';
  const each = done.map(({ statement, way_back: back }) => `${statement} (way back: ${back})`);
  return `Done before that, and not taken back: ${each.join('; ')}. Planned again it goes on from there.`;
};

/** What the transaction at the end would find must be found before anything is changed, too. */
async function refuseBefore(client: pg.Client, work: Work, inputs: RollbackInputs): Promise<void> {
  if ((await readMarkers(client, work.marker)).some(({ part }) => part === 0)) {
    throw new Stop(
      'REFUSED',
      'This step has been committed before: its marker is there. It is not run twice.',
    );
  }
  try {
    await client.query(beginSql(work));
    await stillNewest(work.target, inputs, async <Row extends object>(sql: string) => {
      return (await client.query<Row>(sql)).rows;
    });
  } finally {
    await client.query('rollback');
  }
}

interface Running extends Work {
  readonly options: Options;
  readonly state: { unsure?: string };
}

/** The settings end with the session: a statement that no transaction bears takes no SET LOCAL. */
async function inOrder(
  it: Running,
  client: pg.Client,
  inputs: RollbackInputs,
  results: Result[],
): Promise<void> {
  await client.query(
    `select set_config('lock_timeout', $1, false), set_config('statement_timeout', $2, false)`,
    [String(it.options.lockTimeoutMs ?? LOCK_TIMEOUT_MS), String(BEFORE_MS)],
  );
  for (const step of inputs.concurrent) {
    refuseWhenAborted(it.signal);
    const result = await attempts(it, client, step);
    results.push({ statement: step.sql, result, way_back: step.wayBack });
  }
}

async function attempts(it: Running, client: pg.Client, step: ConcurrentStep): Promise<Result['result']> {
  const read = readBy(client);
  const most = it.options.attempts ?? 3;
  for (let n = 1; ; n += 1) {
    if (await asPlanned(read, step)) return 'was so already';
    await dropLeftover(it, client, step);
    const [row] = await read<{ pid: number }>('select pg_backend_pid() as pid', []);
    const { result, blockers } = await watchBlockers(it.target, row?.pid ?? 0, () => client.query(step.sql));
    if (result.status === 'fulfilled') {
      if (await isDone(read, step)) return 'done';
      throw new Stop('FAILED', `${step.sql} was answered, and yet it is not so.`);
    }
    const why = result.reason as unknown;
    if (connectionLost(why)) return afterCut(it, step, why);
    const left = await dropLeftover(it, client, step).then(
      () => '',
      (error: unknown) => ` What it left could not be dropped: ${errorText(error)}.`,
    );
    const trouble = isLockTrouble(why);
    if (trouble && n < most && left === '') {
      await sleep(it.lockTimeoutMs * (1 + Math.random()));
      refuseWhenAborted(it.signal);
      continue;
    }
    const code = trouble ? 'LOCK_TIMEOUT' : 'FAILED';
    const found = await indexNamed(read, step.index);
    const invalid = found?.valid === false ? ` ${step.index} is INVALID now.` : '';
    throw new Stop(code, `${step.sql}: ${errorText(why)}.${left}${invalid}`, { attempts: n }, blockers);
  }
}

const readBy =
  (client: pg.Client): ReadWith =>
  async <Row extends object>(sql: string, params: readonly unknown[]) =>
    (await client.query<Row>(sql, [...params])).rows;

/** Whether nothing is left to do; stops when what is there is not what was planned for. */
async function asPlanned(read: ReadWith, step: ConcurrentStep): Promise<boolean> {
  const { does, index, on, tableOid } = step;
  if (on !== '' && (await tableNamed(read, on))?.oid !== tableOid) throw otherThan(on);
  if (index === '') return false;
  const there = await indexNamed(read, index);
  if (does === 'drop') {
    if (there === undefined) return true;
    if (there.oid !== step.oid) throw otherThan(index);
    return false;
  }
  if (there === undefined) {
    if (does === 'create') return false;
    throw otherThan(index);
  }
  if (does === 'create' && !(await isAsMade(step, there))) throw otherThan(index);
  if (there.tableOid !== tableOid) throw otherThan(index);
  return does === 'create' && there.valid;
}

const otherThan = (name: string): Stop =>
  new Stop(
    'PLAN_VOID',
    `${name} is not what was planned for: it changed since, or the ddl role has another search_path.`,
  );

async function isDone(read: ReadWith, step: ConcurrentStep): Promise<boolean> {
  if (step.index === '') return true;
  const there = await indexNamed(read, step.index);
  return step.does === 'drop' ? there === undefined : there?.valid === true;
}

/** Drops the INVALID index that a CREATE or REINDEX left when it failed, unless somebody is making it at this moment. */
async function dropLeftover(it: Running, client: pg.Client, step: ConcurrentStep): Promise<void> {
  if (step.does === 'drop') return;
  const { rows } = await client.query<{ oid: string; schema: string; name: string }>(
    `select c.oid::text, n.nspname as schema, c.relname as name
       from pg_index i
       join pg_class c on c.oid = i.indexrelid
       join pg_namespace n on n.oid = c.relnamespace
      where i.indrelid = $1
        and not i.indisvalid
        and case when $2 then c.oid = to_regclass($3) else c.relname like '%\\_ccnew%' end`,
    [step.tableOid, step.does === 'create', quoteName(step.index)],
  );
  for (const { oid, schema, name } of rows) {
    const [maker] = await it.target.read<{ pid: number }>(
      'select pid from pg_stat_progress_create_index where index_relid = $1',
      [oid],
    );
    if (maker !== undefined)
      throw new Stop('CHANGED', `${schema}.${name} is being made at this moment, by pid ${maker.pid}.`);
    await client.query(`drop index concurrently if exists ${ident(schema)}.${ident(name)}`);
  }
}

/** The server may have done it all the same, or still be at it. */
async function afterCut(it: Running, step: ConcurrentStep, why: unknown): Promise<Result['result']> {
  const cut = `The connection was cut in ${step.sql} (${errorText(why)})`;
  const known = await seenAfterCut(it, step).catch(() => undefined);
  if (known === true && step.does !== 'reindex') return 'done';
  if (known === false) throw new Stop('FAILED', `${cut}, and it is not done.`);
  it.state.unsure = `${cut}: whether it took effect is not known yet.`;
  throw new Stop('FAILED', it.state.unsure);
}

/** Undefined: it is still at work. */
async function seenAfterCut(it: Running, step: ConcurrentStep): Promise<boolean | undefined> {
  for (let look = 0; await stillAtWork(it.target, [step]); look += 1) {
    if (look === 5) return undefined;
    await sleep(300);
  }
  const client = await it.target.session('ddl');
  try {
    return await isDone(readBy(client), step);
  } finally {
    await endQuietly(client);
  }
}

/** After a crash, and without its marker: what is there says how far it came. Planned again it goes on from there. */
export async function leftOf(
  target: Target,
  plan: Plan,
  steps: readonly ConcurrentStep[],
): Promise<'unknown' | Stopped> {
  if (await stillAtWork(target, steps)) return 'unknown';
  const client = await target.session('ddl');
  try {
    const words: string[] = [];
    for (const step of steps) {
      // Whether an index was made anew cannot be seen.
      const done = step.does !== 'reindex' && (await isDone(readBy(client), step));
      words.push(`${step.sql}: ${done ? `so it is (way back: ${step.wayBack})` : 'not done, or not seen'}`);
    }
    const now = `As the target says, its history row is still there. ${words.join('; ')}.`;
    return stopped('FAILED', `${plan.title}: not finished. ${now} Planned again it goes on from there.`);
  } finally {
    await endQuietly(client);
  }
}

/** Whether a session of ours still changes an index of these: the server finishes a statement whose client is gone. */
async function stillAtWork(
  target: Target,
  steps: readonly Pick<ConcurrentStep, 'tableOid'>[],
): Promise<boolean> {
  const [row] = await target.read<{ at_work: boolean }>(
    `select exists (
       select from pg_locks l
         join pg_stat_activity a using (pid)
        where l.locktype = 'relation'
          and l.relation = any($1::oid[])
          and l.database = (select oid from pg_database where datname = current_database())
          and l.mode = 'ShareUpdateExclusiveLock'
          and a.application_name = 'firebreak') as at_work`,
    [steps.map(({ tableOid }) => tableOid)],
  );
  return row?.at_work === true;
}
