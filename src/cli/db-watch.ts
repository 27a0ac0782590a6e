/** `firebreak db sweep --watch`: looks again and again, and prints only what has changed, until Ctrl-C. */
import { setTimeout as sleep } from 'node:timers/promises';
import { sweep } from '../databases/sweep.ts';
import type { Target } from '../databases/target.ts';
import { type SweepReport, worstFirst } from '../domain/sweep.ts';
import { changesSince, changeText, seenIn } from '../domain/sweep-changes.ts';
import { interrupted } from './interrupted.ts';

interface WatchOptions {
  /** One check, instead of the whole sweep. */
  readonly only?: string;
  readonly everyMs: number;
  /** The report itself, as a line of JSON, instead of words. */
  readonly json: boolean;
}

/** Ends when it is told to; a look that is under way is ended first. */
export async function watchTarget(target: Target, { everyMs, json, ...only }: WatchOptions): Promise<void> {
  const ended = interrupted();
  const look = (): Promise<SweepReport> => sweep(target, { now: new Date(), ...only });
  const print = (lines: readonly string[]): void => {
    const at = new Date().toISOString().slice(11, 19);
    process.stdout.write(lines.map((line) => `${at}  ${line}\n`).join(''));
  };
  const first = await look();
  let seen = seenIn(first);
  if (json) process.stdout.write(`${JSON.stringify(first)}\n`);
  else print([headLine(target.name, everyMs), ...standOf(first)]);
  while (await paused(everyMs, ended)) {
    const report = await look();
    const changes = changesSince(seen, report);
    seen = seenIn(report);
    if (changes.length === 0) continue;
    if (json) process.stdout.write(`${JSON.stringify(report)}\n`);
    else print(changes.map(changeText));
  }
}

const headLine = (target: string, everyMs: number): string =>
  `Watching ${target} every ${everyMs / 1000} s: from here on a line is a change (times in UTC). Ctrl-C ends it.`;

function standOf({ checks }: SweepReport): readonly string[] {
  const wrong = worstFirst(checks).map(({ check, status, verdict }) => `${check} is ${status}: ${verdict}`);
  return wrong.length > 0 ? wrong : ['nothing is wrong now'];
}

const paused = (ms: number, ended: AbortSignal): Promise<boolean> =>
  sleep(ms, true, { signal: ended }).catch(() => false);
