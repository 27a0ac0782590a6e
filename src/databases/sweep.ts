/** A sweep: the checks of the first minutes, one after the other, each within its own time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Blocker, type CheckResult, type SweepReport, worstFirst } from '../domain/sweep.ts';
import { FirebreakError } from '../errors.ts';
import { type Check, type Finding, type Limits, loadChecks } from './check.ts';
import { errorText, isPrivilege, isTimeout } from './pg-errors.ts';
import { STATEMENT_TIMEOUT_MS } from './reader.ts';
import { endingOf } from './sessions.ts';
import type { Target } from './target.ts';

export interface SweepOptions {
  readonly now: Date;
  /** One check by name, or several, also such as are not part of the sweep. */
  readonly only?: string | readonly string[];
  /** Other limits than the checks' own, by check. */
  readonly limits?: Readonly<Record<string, Limits>>;
  /** How long all of it may take; 14 s unless told. */
  readonly budgetMs?: number;
}

/** How long a sweep may take, whatever the database does; people wait for it. */
const BUDGET_MS = 14_000;
/** With less than that no check is begun: it could find nothing but that it has no time. */
const WORTHWHILE_MS = 100;

/** Looks at a target. It ends within 15 s: what had no turn by then is shown as such, never as ok. */
export async function sweep(target: Target, options: SweepOptions): Promise<SweepReport> {
  const started = performance.now();
  const results: CheckResult[] = [];
  for (const check of await chosen(options.only)) {
    const left = started + (options.budgetMs ?? BUDGET_MS) - performance.now();
    results.push(await resultOf(check, target, options, results, left));
  }
  const checks = inTheWay(target, results);
  return {
    target: target.name,
    took_ms: Math.round(performance.now() - started),
    checks,
    top: worstFirst(checks).map((result) => result.verdict),
  };
}

function resultOf(
  check: Check,
  target: Target,
  options: SweepOptions,
  earlier: readonly CheckResult[],
  left: number,
): CheckResult | Promise<CheckResult> {
  if (unreachable(earlier)) return notRun(check, 'skipped', 'there is no connection');
  if (left < WORTHWHILE_MS) return notRun(check, 'timeout', 'the time was over');
  const timeoutMs = Math.min(check.timeoutMs, left);
  return runCheck({ ...check, timeoutMs }, within(target, timeoutMs), options, versionIn(earlier));
}

/** A session that forgot its transaction is no trouble by itself; it is when a fresh migration may have to go back. */
function inTheWay(target: Target, results: readonly CheckResult[]): readonly CheckResult[] {
  if (!results.some(({ check, status }) => check === 'migrations' && status === 'warn')) return results;
  return results.map((result) => {
    const [oldest] = (result.facts['sessions'] ?? []) as readonly Blocker[];
    if (result.check !== 'idle-in-transaction' || result.status !== 'ok' || !oldest?.relations.length)
      return result;
    return {
      ...result,
      status: 'warn',
      verdict: `${result.verdict} A rollback would wait for it.`,
      ...endingOf(target, oldest),
    };
  });
}

async function chosen(only: SweepOptions['only']): Promise<readonly Check[]> {
  const checks = await loadChecks();
  if (only === undefined) return checks.filter((check) => check.firstMinutes);
  const names = [only].flat();
  const stray = names.find((name) => checks.every((check) => check.name !== name));
  if (stray === undefined) return checks.filter((check) => names.includes(check.name));
  const known = checks.map((check) => check.name).join(', ');
  throw new FirebreakError('NO_SUCH_CHECK', { found: stray, known });
}

const unreachable = (results: readonly CheckResult[]): boolean =>
  results.some((result) => result.check === 'connection' && result.facts['reachable'] === false);

const notRun = (check: Check, status: 'skipped' | 'timeout', why: string): CheckResult => ({
  check: check.name,
  status,
  verdict: `Not run: ${why}.`,
  facts: {},
});

class OutOfTime extends Error {}

/** The target for so long: no statement outlives the time of its check, and none begins after it. */
function within(target: Target, ms: number): Target {
  const deadline = performance.now() + ms;
  return {
    ...target,
    read(sql, params, limits) {
      const left = deadline - performance.now();
      if (left <= 0) return Promise.reject(new OutOfTime(`no answer within ${Math.round(ms)} ms`));
      const timeoutMs = Math.min(limits?.timeoutMs ?? STATEMENT_TIMEOUT_MS, left);
      return target.read(sql, params, { ...limits, timeoutMs });
    },
  };
}

/** As the check of the connection read it. */
function versionIn(results: readonly CheckResult[]): number | undefined {
  const number = results.find(({ check }) => check === 'connection')?.facts['version_num'];
  return typeof number === 'number' ? major(number) : undefined;
}

const major = (versionNumber: number): number => Math.floor(versionNumber / 10_000);

async function readVersion(target: Target): Promise<number> {
  const sql = `select current_setting('server_version_num')::int as number`;
  return major((await target.read<{ number: number }>(sql))[0]?.number ?? 0);
}

/** Runs one check. Whatever goes wrong becomes a status; nothing that failed is ever ok. */
async function runCheck(
  check: Check,
  target: Target,
  options: SweepOptions,
  known: number | undefined,
): Promise<CheckResult> {
  const limits = options.limits?.[check.name] ?? check.limits;
  const look = async (): Promise<Finding> => {
    const isFirst = check.name === 'connection';
    const version = known ?? (isFirst ? 0 : await readVersion(target));
    return !isFirst && version < check.since
      ? tooOld(check, version)
      : check.run(target, { now: options.now, limits, version });
  };
  try {
    const finding = await endsIn(check.timeoutMs, look());
    return { check: check.name, ...finding };
  } catch (error) {
    return { check: check.name, ...failed(error) };
  }
}

const tooOld = (check: Check, version: number): Finding => ({
  status: 'skipped',
  verdict: `PostgreSQL ${version} does not tell; it takes ${check.since} or newer.`,
  facts: { version },
});

async function endsIn<T>(ms: number, work: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const limit = sleep(ms, undefined, { signal: timer.signal }).then(() => {
    throw new OutOfTime(`no answer within ${Math.round(ms)} ms`);
  });
  // The loser of the race is left to end by itself: the server's own timeout ends its statement.
  limit.catch(() => undefined);
  work.catch(() => undefined);
  try {
    return await Promise.race([work, limit]);
  } finally {
    timer.abort();
  }
}

function failed(error: unknown): Finding {
  const found = errorText(error);
  if (error instanceof OutOfTime || isTimeout(error)) {
    return { status: 'timeout', verdict: `No answer in time: ${found}.`, facts: { error: found } };
  }
  if (isPrivilege(error)) {
    return {
      status: 'skipped',
      verdict: `A privilege is missing: ${found}.`,
      facts: { error: found },
      next: 'GRANT pg_monitor to the diag role, and SELECT on what the message names',
    };
  }
  return { status: 'skipped', verdict: `The check failed: ${found}.`, facts: { error: found } };
}
