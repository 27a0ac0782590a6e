/** What a look at a database found: the worst first, and what was not looked at said aloud. */

import { foreign } from '../../domain/foreign.ts';
import type { CheckResult, CheckStatus, SweepReport } from '../../domain/sweep.ts';
import { clip, code, count } from './text.ts';

const TOP = 5;
const LINE = 400;

const MARKS: Readonly<Record<CheckStatus, string>> = {
  crit: ':red_circle:',
  warn: ':large_yellow_circle:',
  timeout: ':hourglass:',
  skipped: ':heavy_minus_sign:',
  ok: ':white_check_mark:',
};

/** The report as lines. */
export function sweepLines({ target, took_ms, checks, top }: SweepReport): readonly string[] {
  const unseen = checks.filter(({ status }) => status === 'skipped' || status === 'timeout');
  const fine = checks.filter(({ status }) => status === 'ok').length;
  const findings = top.slice(0, TOP).map((finding) => `• ${clip(foreign(finding), LINE)}`);
  return [
    `*${code(target)}* in ${(took_ms / 1000).toFixed(1)} s: ${count(checks.length - fine - unseen.length, 'finding')}, ${fine} fine`,
    ...(findings.length > 0 ? findings : ['• nothing found']),
    ...(top.length > TOP ? [`• and ${top.length - TOP} more`] : []),
    ...unseen.map(checkLine),
  ];
}

/** One check with its verdict and what to do next. */
function checkLine({ check, status, verdict, next }: CheckResult): string {
  const advice = next === undefined ? '' : ` Next: ${foreign(next)}`;
  return `${MARKS[status]} ${code(check)} ${status}: ${clip(foreign(verdict) + advice, LINE)}`;
}

/** True for a step's output that is a report. */
export const isSweep = (output: unknown): output is SweepReport =>
  typeof output === 'object' &&
  output !== null &&
  'checks' in output &&
  'top' in output &&
  'took_ms' in output;
