/** Probes: the application's own questions, asked to see whether it works. */
import type pg from 'pg';
import type { ProbeResult } from '../domain/sweep.ts';
import { relationAt } from './blame.ts';
import { relationsOf, statementsOf } from './parse.ts';
import { errorText, isTimeout, sqlstateOf } from './pg-errors.ts';
import type { Target } from './target.ts';

type Probe = Target['config']['probes'][number];
type Ask = (sql: string) => Promise<readonly object[]>;

const PROBE_LOCK_TIMEOUT_MS = 300;
const PROBE_ROWS = 20;

/** Asks every probe, or the one of that name, as the diag role. One whose first row says `ok: false` is red as well. */
export async function runProbes(target: Target, name?: string): Promise<ProbeResult[]> {
  const probes = target.config.probes.filter((probe) => name === undefined || probe.name === name);
  return askAll(probes, (sql) => target.read(sql, [], { lockTimeoutMs: PROBE_LOCK_TIMEOUT_MS }));
}

/** Asks every probe inside a transaction that is open; it stops at the first red one, which ended the transaction. */
export async function runProbesInside(
  client: pg.ClientBase,
  probes: readonly Probe[],
): Promise<ProbeResult[]> {
  return askAll(probes, async (sql) => (await client.query<object>(sql)).rows, true);
}

async function askAll(probes: readonly Probe[], ask: Ask, stopAtRed = false): Promise<ProbeResult[]> {
  const results: ProbeResult[] = [];
  for (const probe of probes) {
    const result = await askOne(probe, ask);
    results.push(result);
    if (stopAtRed && !result.ok) break;
  }
  return results;
}

async function askOne(probe: Probe, ask: Ask): Promise<ProbeResult> {
  const started = performance.now();
  const sql = await limited(probe.sql);
  const relations = await relationsOf(probe.sql).catch(() => []);
  const took = () => Math.round(performance.now() - started);
  try {
    const [first] = await ask(sql);
    const ok = (first as { ok?: unknown } | undefined)?.ok !== false;
    const red = ok ? {} : { error: 'it answered ok = false' };
    return { name: probe.name, ok, took_ms: took(), relations, ...red };
  } catch (error) {
    const sqlstate = sqlstateOf(error);
    const failure = {
      error: errorText(error).replace(/\.$/, ''),
      ...(sqlstate === undefined ? {} : { sqlstate }),
      ...(isTimeout(error) ? { timedOut: true as const } : {}),
    };
    const blamed = await blamedBy(error, sql);
    return { name: probe.name, ok: false, took_ms: took(), relations: blamed ?? relations, ...failure };
  }
}

/** The one relation that the error points at, when it points. */
async function blamedBy(error: unknown, sql: string): Promise<readonly string[] | undefined> {
  const position = Number((error as { position?: unknown }).position);
  const relation = position > 0 ? await relationAt(sql, position).catch(() => undefined) : undefined;
  return relation === undefined ? undefined : [relation];
}

/** A SELECT is asked for its first rows only, whatever it would return. */
async function limited(sql: string): Promise<string> {
  const statements = await statementsOf(sql).catch(() => []);
  const [only] = statements;
  if (statements.length !== 1 || only?.kind !== 'SelectStmt') return sql;
  return `select * from (\n${only.sql}\n) as probe limit ${PROBE_ROWS}`;
}
