/** What a look at a database found: the worst on top, each with its next step, and what was not seen said aloud. */
import type { KnownBlock } from '@slack/types';
import { factLines } from '../../domain/facts.ts';
import { foreign } from '../../domain/foreign.ts';
import { type CheckResult, type CheckStatus, type SweepReport, TOP, worstFirst } from '../../domain/sweep.ts';
import { lines, section } from './blocks.ts';
import { offerButtons } from './offers.ts';
import { clip, code, count } from './text.ts';

const LINE = 400;
const FACTS = 2500;

const MARKS: Readonly<Record<CheckStatus, string>> = {
  crit: ':red_circle:',
  warn: ':large_yellow_circle:',
  timeout: ':hourglass:',
  skipped: ':heavy_minus_sign:',
  ok: ':white_check_mark:',
};

/** The report as blocks; `step` is its step's number, so that each button of the message has an id of its own. */
export function sweepBlocks(report: SweepReport, step: number): readonly KnownBlock[] {
  const [only, ...others] = report.checks;
  if (only !== undefined && others.length === 0) return oneCheck(only, step);
  const worst = worstFirst(report.checks);
  const rest = report.checks.filter((check) => check.status !== 'ok' && !worst.slice(0, TOP).includes(check));
  return [
    section(headLine(report)),
    ...worst.slice(0, TOP).flatMap((finding, at) => found(finding, report.target, `${step}-${at}-`)),
    ...lines(rest.map(checkLine)),
  ];
}

function headLine({ target, took_ms, checks }: SweepReport): string {
  const unseen = checks.filter(({ status }) => status === 'skipped' || status === 'timeout').length;
  const fine = checks.filter(({ status }) => status === 'ok').length;
  const notSeen = unseen === 0 ? '' : `, ${unseen} not seen`;
  const seconds = (took_ms / 1000).toFixed(1);
  return `*${code(target)}* in ${seconds} s: ${count(checks.length - fine - unseen, 'finding')}, ${fine} fine${notSeen}`;
}

/** A finding of a sweep, with buttons for what helps and for its own facts. */
function found(result: CheckResult, target: string, row: string): readonly KnownBlock[] {
  const details = { label: `Show ${result.check}`, line: `db ${result.check} ${target}` };
  const buttons = offerButtons([...(result.offers ?? []), details], row);
  return [section(checkLine(result)), ...(buttons ? [buttons] : [])];
}

/** A check that was asked for by name shows what it saw. */
function oneCheck(result: CheckResult, step: number): readonly KnownBlock[] {
  const facts = clip(factLines(result.facts).map(foreign).join('\n'), FACTS);
  const buttons = offerButtons(result.offers ?? [], `${step}-`);
  return [
    section(checkLine(result)),
    ...(facts === '' ? [] : [section(facts)]),
    ...(buttons ? [buttons] : []),
  ];
}

/** One check with its verdict and what to do next, unless a button does it. */
function checkLine({ check, status, verdict, next, offers = [] }: CheckResult): string {
  const advice = next === undefined || offers.length > 0 ? '' : ` Next: ${foreign(next)}`;
  return `${MARKS[status]} ${code(check)} ${status}: ${clip(foreign(verdict) + advice, LINE)}`;
}

/** True for a step's output that is a report. */
export const isSweep = (output: unknown): output is SweepReport =>
  typeof output === 'object' &&
  output !== null &&
  'checks' in output &&
  'top' in output &&
  'took_ms' in output;
