/** Acts at a steady rate, whether or not what came before has ended: a slow answer does not thin the questions out. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Rate {
  readonly perSecond: number;
  readonly seconds: number;
}

/** Answers with the milliseconds of each act, from the moment it was due: also those that it began late. */
export async function atRate(
  { perSecond, seconds }: Rate,
  act: (index: number) => Promise<unknown>,
): Promise<readonly number[]> {
  const started = performance.now();
  const acts: Promise<number>[] = [];
  for (let index = 0; index < perSecond * seconds; index += 1) {
    const due = started + (index * 1000) / perSecond;
    const left = due - performance.now();
    if (left > 0) await sleep(left);
    // A timer may fire up to a millisecond early.
    const from = Math.min(due, performance.now());
    const acted = act(index).then(() => performance.now() - from);
    // Whoever waits for all of them is told; until then nobody is.
    acted.catch(() => undefined);
    acts.push(acted);
  }
  return Promise.all(acts);
}
