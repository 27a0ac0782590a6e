/** Looks at a target's probes for a while after a migration. */
import { setTimeout as sleep } from 'node:timers/promises';
import { runProbes } from '../databases/probe.ts';
import type { ProbeResult } from '../domain/sweep.ts';
import type { Guarding } from './guard.ts';

export interface Red {
  /** The probe, and what it said. */
  readonly text: string;
  readonly sqlstate?: string;
  /** When the first of these looks failed, by the clock of `performance`. */
  readonly since: number;
}

const EVERY_MS = 1000;
/** One look may be bad luck; two in a row are not. */
const LOOKS = 2;

/** Undefined: all stayed green to the end. */
export async function watch(
  { target }: Pick<Guarding, 'target'>,
  windowMs: number,
): Promise<Red | undefined> {
  const end = performance.now() + windowMs;
  let since = 0;
  for (let failures = 0; ; ) {
    const began = performance.now();
    const red = (await runProbes(target)).filter(({ ok }) => !ok);
    failures = red.length === 0 ? 0 : failures + 1;
    if (failures === 1) since = began;
    if (failures >= LOOKS) return redOf(red, since);
    // A look that failed last is not let pass because the time is over.
    if (performance.now() >= end && failures === 0) return undefined;
    await sleep(EVERY_MS);
  }
}

function redOf([first]: readonly ProbeResult[], since: number): Red {
  const state = first?.sqlstate === undefined ? {} : { sqlstate: first.sqlstate };
  const code = first?.sqlstate === undefined ? '' : ` (SQLSTATE ${first.sqlstate})`;
  return {
    since,
    text: `${first?.name ?? 'connection'}: ${first?.error ?? 'no reason given'}${code}`,
    ...state,
  };
}
