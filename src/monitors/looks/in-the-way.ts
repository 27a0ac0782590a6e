/** Who stands in the way: a statement that gave up after its time does not say for whom it waited. */
import { sweep } from '../../databases/sweep.ts';
import type { Target } from '../../databases/target.ts';
import type { Blocker, CheckResult } from '../../domain/sweep.ts';
import type { Symptom } from '../look.ts';

/** No lock in time, or no answer in time. */
const GAVE_UP: ReadonlySet<string | undefined> = new Set(['55P03', '57014']);
const BUDGET_MS = 3000;

/** Adds to what gave up who blocks now, and which tables that is about. Where nobody is seen to, nothing is added. */
export async function withBlocker(
  symptoms: readonly Symptom[],
  target: Target,
  now: Date,
): Promise<readonly Symptom[]> {
  if (!symptoms.some(({ sqlstate }) => GAVE_UP.has(sqlstate))) return symptoms;
  const { checks } = await sweep(target, { now, only: 'blocking', budgetMs: BUDGET_MS });
  const found = checks.find(({ status }) => status === 'warn' || status === 'crit');
  if (found === undefined) return symptoms;
  return symptoms.map((each) => (GAVE_UP.has(each.sqlstate) ? blockedBy(each, found) : each));
}

function blockedBy(symptom: Symptom, { verdict, facts }: CheckResult): Symptom {
  const [root] = (facts['roots'] ?? []) as readonly Blocker[];
  const relations = symptom.relations.length > 0 ? symptom.relations : (root?.relations ?? []);
  return { ...symptom, relations, error: `${symptom.error}; ${verdict.replace(/\.$/, '')}` };
}
