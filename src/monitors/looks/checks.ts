/** The diagnosis checks, one after the other as in a sweep. */
import { z } from 'zod';
import { sweep } from '../../databases/sweep.ts';
import type { Target } from '../../databases/target.ts';
import { type CheckResult, worstFirst } from '../../domain/sweep.ts';
import type { Logger } from '../../log.ts';
import type { Look, Symptom } from '../look.ts';
import type { ChecksLook } from '../look-settings.ts';
import { notYetWell, WasRed } from './not-yet-well.ts';

/** Without an answer to it nothing else is known, and what it reads of the server the others need. */
const FIRST = 'connection';
/** For what comes after the last check, and for the client's own patience. */
const GRACE_MS = 1000;

/**
 * Red by any check at its level, or without an answer in time; uneasy by one that was red and still warns, so that what
 * lies between the two limits ends no red period. What cannot be looked at is told to the log, once, and counts as
 * nothing.
 */
export function lookAtChecks(
  target: Target,
  { checks, level, limits }: ChecksLook,
  { now, log, timeoutMs }: { readonly now: () => Date; readonly log: Logger; readonly timeoutMs: number },
): Look {
  const known = new Set<string>();
  const only = checks === 'first-minutes' ? undefined : [...new Set([FIRST, ...checks])];
  return async (memory) => {
    const before = Memory.safeParse(memory).data?.wasRed ?? [];
    const budgetMs = Math.max(timeoutMs - GRACE_MS, timeoutMs / 2);
    const report = await sweep(target, { now: now(), limits, budgetMs, ...(only ? { only } : {}) });
    tellUnseen(report.checks, known, log.child({ target: target.name }));
    const bad = worstFirst(report.checks).filter(({ status }) => status !== 'warn' || level === 'warn');
    const warns = report.checks.filter(({ status }) => status === 'warn');
    const { uneasy, wasRed } = notYetWell(before, bad.map(nameOf), warns.map(nameOf));
    return { symptoms: bad.map(symptomOf), uneasy, memory: { wasRed } };
  };
}

const Memory = z.object({ wasRed: WasRed });

const nameOf = ({ check }: CheckResult): string => check;

const symptomOf = ({ check, status, verdict, next }: CheckResult): Symptom => ({
  key: `check:${check}`,
  // Only a finding names what it is about.
  error: `${status === 'timeout' ? `Check ${check}: ` : ''}${verdict.replace(/\.$/, '')}`,
  ...(DAMAGE.has(check) ? { sqlstate: 'XX001' } : {}),
  relations: [],
  ...(next === undefined ? {} : { next }),
});

/** What they find, a query would meet as data corrupted. */
const DAMAGE: ReadonlySet<string> = new Set(['checksums', 'corruption']);

/** Where nothing can be reached, all the others are skipped, and that says nothing of them. */
function tellUnseen(results: readonly CheckResult[], known: Set<string>, log: Logger): void {
  if (results.some(({ check, facts }) => check === FIRST && facts['reachable'] === false)) return;
  for (const { check, status, verdict, next } of results) {
    if (status !== 'skipped') known.delete(check);
    if (status !== 'skipped' || known.has(check)) continue;
    known.add(check);
    log.warn({ check, why: verdict, fix: next }, 'a monitor cannot look at this');
  }
}
