import type { CheckResult, SweepReport } from '../../src/domain/sweep.ts';
import { changesSince, changeText, seenIn } from '../../src/domain/sweep-changes.ts';

const result = (change: Partial<CheckResult> = {}): CheckResult => ({
  check: 'blocking',
  status: 'warn',
  verdict: '2 sessions wait for a lock, up to 1.5 s; the root is pid 7.',
  facts: {},
  next: 'run blocked-queries pid=7',
  ...change,
});
const report = (...checks: readonly CheckResult[]): SweepReport => ({
  target: 'shop',
  took_ms: 12,
  checks,
  top: [],
});
const words = (before: CheckResult, after: CheckResult): readonly string[] =>
  changesSince(seenIn(report(before)), report(after)).map(changeText);

describe('what has changed between two looks', () => {
  it('is nothing while only figures differ', () => {
    expect(
      words(result(), result({ verdict: '4 sessions wait for a lock, up to 31 s; the root is pid 7.' })),
    ).toEqual([]);
    const plain = result({ check: 'connections', verdict: '80 of 97 are in use (82 %).' });
    const { next: _, ...without } = plain;
    expect(words(without, { ...without, verdict: '81 of 97 are in use (83.5 %).' })).toEqual([]);
    const fine = result({ status: 'ok', verdict: 'All 3 probes answer.' });
    expect(words(fine, { ...fine, verdict: 'All four probes answer.', next: 'nothing' })).toEqual([]);
  });

  it('is a status, with the one before', () => {
    expect(words(result(), result({ status: 'crit' }))).toEqual([
      'blocking is crit, was warn: 2 sessions wait for a lock, up to 1.5 s; the root is pid 7.',
    ]);
    expect(words(result(), result({ status: 'ok', verdict: 'No session waits for a lock.' }))).toEqual([
      'blocking is ok again. No session waits for a lock.',
    ]);
  });

  it('is another culprit behind the same status', () => {
    expect(words(result(), result({ next: 'run blocked-queries pid=8' }))).toHaveLength(1);
    const offers = (line: string) => [{ label: 'Plan the rollback', line }];
    expect(
      words(result({ offers: offers('rollback a shop') }), result({ offers: offers('rollback b shop') })),
    ).toEqual([expect.stringContaining('blocking is warn as before, but: ')]);
  });
});
