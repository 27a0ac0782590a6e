/** What was run: who asked, who approved which plan, what came of it. Failed attempts as fully as the others. */
import { duration, secondsBetween } from '../metrics.ts';
import type { ActionOutcome } from '../plan.ts';
import { type Approval, isTakenBack, type Run, type RunStep } from '../run.ts';
import type { ProbeResult } from '../sweep.ts';
import { formatUtc } from '../when.ts';
import { count, type Json, keptRows, sweepOf, texts } from './facts.ts';
import { code, type Item, inline } from './markdown.ts';
import type { Known } from './report.ts';
import { clock, plural, session, who } from './words.ts';

/** A run as list items: one line, its steps below. */
export function runLines(record: Known, run: Run): readonly Item[] {
  const took = secondsBetween(run.requestedAt, run.endedAt);
  const ended = took === undefined ? '' : ` after ${duration(took)}`;
  const asked = `requested by ${who(record, run.requestedBy)} at ${formatUtc(run.requestedAt)}`;
  return [
    `Run ${run.id}, ${inline(run.title)} (runbook ${code(run.runbook)}, target ${code(run.target)}): ${asked}; ${stateWord(run.state)}${ended}`,
    run.steps.flatMap((step) => stepLines(record, step)),
  ];
}

function stepLines(record: Known, step: RunStep): readonly Item[] {
  const took = secondsBetween(step.startedAt, step.endedAt);
  const verdict = step.outcome?.verdict ?? step.verdict;
  const head = `Step ${step.index}, ${inline(step.name)}: ${stateWord(step.state)}${took === undefined ? '' : ` in ${duration(took)}`}`;
  return [verdict === undefined ? head : `${head}. ${inline(verdict, record.people)}`, below(record, step)];
}

const below = (record: Known, step: RunStep): readonly Item[] => [
  ...(step.plan ? [`Plan: ${inline(step.plan.title)}, hash ${code(step.plan.hash)}`] : []),
  ...(step.approval ? [approvalLine(record, step.approval)] : []),
  ...(step.outcome ? outcome(step, step.outcome) : []),
  ...(sweepOf(step)?.top ?? []).map((finding) => inline(finding)),
];

export function approvalLine(
  record: Known,
  { requestedBy, requestedAt, decision, planHash }: Approval,
): string {
  const asked = `Requested by ${who(record, requestedBy)} at ${clock(requestedAt)}`;
  if (!decision) return `${asked}; not decided`;
  const { kind, by, at, brokenFor } = decision;
  const alone =
    brokenFor === undefined ? '' : ` alone, without a second person: ${inline(brokenFor, record.people)}`;
  return `${asked}; ${kind} by ${who(record, by)} at ${clock(at)} for plan hash ${code(planHash)}${alone}`;
}

function outcome(step: RunStep, found: ActionOutcome): readonly Item[] {
  return [
    ...(found.state === 'stopped'
      ? [
          `Stopped with ${code(found.code)}: ${isTakenBack(step) ? left(found.facts) : 'what it did before that stays'}`,
        ]
      : []),
    ...(found.state === 'unknown' ? ['Whether it was committed is not known'] : []),
    ...lists(found.facts),
    ...(found.state === 'stopped' ? found.blockers.map((each) => `Blocked by ${session(each)}`) : []),
    ...(found.state === 'done' && found.probes.length > 0 ? [probesLine(found.probes)] : []),
  ];
}

export function probesLine(all: readonly ProbeResult[]): string {
  const red = all.filter(({ ok }) => !ok);
  const named = red.map(
    ({ name, sqlstate }) => `${code(name)}${sqlstate === undefined ? '' : ` (${code(sqlstate)})`}`,
  );
  return `Probes afterwards: ${all.length - red.length} of ${all.length} green${red.length > 0 ? `; red: ${named.join(', ')}` : ''}`;
}

const left = (facts: Json): string =>
  keptRows(facts) > 0
    ? `${plural(keptRows(facts), 'row')} of batches before stay restored`
    : 'nothing was left behind';

/** Words that are told as they are: names that the bot gave, and PostgreSQL's own codes. */
const WORDS = ['snapshot_table', 'sqlstate', 'xid'];

/** Figures by name; other values may hold somebody's data, so that of those only the number is told. */
export const figuresOf = (facts: Json): readonly string[] =>
  Object.keys(facts)
    .sort()
    .filter((key) => key !== 'not_undone')
    .flatMap((key) => {
      const value = facts[key];
      if (WORDS.includes(key) && typeof value === 'string') return [`${inline(key)} ${code(value)}`];
      const known = typeof value === 'boolean' ? String(value) : count(facts, key);
      return known === undefined ? [] : [`${inline(key)} ${known}`];
    });

const lists = (facts: Json): readonly Item[] => {
  const remains = texts(facts, 'not_undone');
  return remains.length > 0 ? ['Not undone:', remains.map((each) => inline(each))] : [];
};

export const stateWord = (state: string): string => state.replace('_', ' ');
