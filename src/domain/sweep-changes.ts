/** What has changed from one look at a database to the next: a status or a culprit, never mere figures. */
import type { CheckResult, CheckStatus, SweepReport } from './sweep.ts';

/** Of each check its status and what is to blame: all that has to be remembered. */
export type Seen = Readonly<Record<string, { readonly status: CheckStatus; readonly culprit: string }>>;

export interface Change {
  readonly result: CheckResult;
  /** Undefined: the check was not part of the last look. */
  readonly before: CheckStatus | undefined;
}

/** What there is to remember of a look. */
export const seenIn = ({ checks }: SweepReport): Seen =>
  Object.fromEntries(
    checks.map((result) => [result.check, { status: result.status, culprit: culpritOf(result) }]),
  );

/** What is not as it was. */
export function changesSince(seen: Seen, { checks }: SweepReport): readonly Change[] {
  return checks.flatMap((result) => {
    const before = seen[result.check];
    if (before?.status === result.status && before.culprit === culpritOf(result)) return [];
    return [{ result, before: before?.status }];
  });
}

/** A change in a sentence, without any markup. */
export function changeText({ result: { check, status, verdict }, before }: Change): string {
  if (status === 'ok') return `${check} is ok again. ${verdict}`;
  const how =
    before === undefined
      ? status
      : before === status
        ? `${status} as before, but`
        : `${status}, was ${before}`;
  return `${check} is ${how}: ${verdict}`;
}

/** Of what is fine nobody is to blame. Else what would be done about it tells one culprit from another. */
function culpritOf({ status, verdict, next, offers = [] }: CheckResult): string {
  if (status === 'ok') return '';
  const [first] = offers;
  return first?.line ?? next ?? withoutFigures(verdict);
}

const withoutFigures = (verdict: string): string => verdict.replace(/\d+(?:[.,]\d+)*/g, '#');
