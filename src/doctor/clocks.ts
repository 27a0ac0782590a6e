/** Whether a clock elsewhere goes as ours does, as far as its answer can tell. */
import { type Finding, fail, ok, warn } from './finding.ts';

/** A time that somebody told, and when we asked and were answered; all in milliseconds since 1970. */
export interface ClockReading {
  readonly theirs: number;
  readonly asked: number;
  readonly answered: number;
  /** How coarse their time is: they may be so much further. */
  readonly grainMs?: number;
}

/** What is told as a warning; a timeline with times of two clocks is then out of order. */
const WARN_MS = 1000;
const FAIL_MS = 30_000;

/** `whose`: `Slack's`. What half the way there may explain is no difference. */
export function clockFinding(name: string, whose: string, reading: ClockReading): Finding {
  const { theirs, asked, answered, grainMs = 0 } = reading;
  const off = theirs + grainMs / 2 - (asked + answered) / 2;
  const unsure = (answered - asked + grainMs) / 2;
  const surely = Math.max(0, Math.abs(off) - unsure);
  if (surely <= WARN_MS) return ok(name, `Within ${seconds(Math.max(WARN_MS, unsure))} of ${whose}.`);
  const found = `This machine's clock is ${seconds(Math.abs(off))} ${off > 0 ? 'behind' : 'ahead of'} ${whose}.`;
  const fix = 'Set both by NTP; `timedatectl set-ntp true` does it on most Linux machines.';
  return surely > FAIL_MS ? fail(name, found, fix) : warn(name, found, fix);
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1).replace(/\.0$/, '')} s`;
