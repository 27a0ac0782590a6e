/** One check by its name, as `firebreak db <check>` runs it. */
import type { Limits } from '../../../src/databases/check.ts';
import { sweep } from '../../../src/databases/sweep.ts';
import type { Target } from '../../../src/databases/target.ts';
import type { CheckResult } from '../../../src/domain/sweep.ts';

/** Runs one check, with its own limits unless others are given. */
export async function lookBy(target: Target, only: string, limits?: Limits): Promise<CheckResult> {
  const others = limits === undefined ? {} : { limits: { [only]: limits } };
  const report = await sweep(target, { now: new Date(), only, ...others });
  const [found] = report.checks;
  if (found === undefined) throw new Error(`${only} has no result`);
  return found;
}
