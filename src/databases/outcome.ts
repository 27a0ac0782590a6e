/** How an act on a database can end before it is done. */
import type { ActionOutcome } from '../domain/plan.ts';
import type { Blocker } from '../domain/sweep.ts';

export type Stopped = Extract<ActionOutcome, { state: 'stopped' }>;
export type Unknown = Extract<ActionOutcome, { state: 'unknown' }>;

/** Rolled back; nothing was left behind. */
export const stopped = (
  code: Stopped['code'],
  verdict: string,
  facts: Stopped['facts'] = {},
  blockers: readonly Blocker[] = [],
): Stopped => ({ state: 'stopped', code, verdict, facts, blockers });

/** Nobody can say yet. */
export const unknown = (verdict: string, facts: Unknown['facts'] = {}): Unknown => ({
  state: 'unknown',
  verdict,
  facts,
});

/** Ends a transaction from within: it is rolled back, and the step with it. */
export class Stop extends Error {
  readonly outcome: Stopped;
  constructor(
    code: Stopped['code'],
    verdict: string,
    facts: Stopped['facts'] = {},
    blockers: readonly Blocker[] = [],
  ) {
    super(verdict);
    this.name = 'Stop';
    this.outcome = stopped(code, verdict, facts, blockers);
  }
}
