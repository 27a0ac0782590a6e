/** The appendix: what proves the runbook steps. For each its plan, who asked and who approved, figures, probes. */
import { duration, secondsBetween } from '../metrics.ts';
import type { Plan } from '../plan.ts';
import type { Run, RunStep } from '../run.ts';
import type { ProbeResult } from '../sweep.ts';
import { formatUtc } from '../when.ts';
import { citation, ofStep, rowsWhere } from './cite.ts';
import { runsInOrder } from './facts.ts';
import { code, fenced, inline, list } from './markdown.ts';
import type { Report } from './report.ts';
import { approvalLine, figuresOf, probesLine, stateWord } from './runs.ts';
import { who } from './words.ts';

/** The appendix without its heading. */
export function evidence(report: Report): string {
  const runs = runsInOrder(report);
  if (runs.length === 0) return 'No runbook was run.';
  return runs
    .flatMap((run) => [heading(report, run), ...run.steps.map((step) => proof(report, run, step))])
    .join('\n\n');
}

const heading = (report: Report, run: Run): string =>
  [
    `### Run ${run.id}: ${inline(run.title)}`,
    list([
      `Runbook ${code(run.runbook)} on target ${code(run.target)}; ${stateWord(run.state)}`,
      `Requested by ${who(report, run.requestedBy)} at ${formatUtc(run.requestedAt)}`,
    ]),
  ].join('\n\n');

function proof(report: Report, run: Run, step: RunStep): string {
  const { plan, outcome, startedAt, endedAt } = step;
  const took = secondsBetween(startedAt, endedAt);
  const verdict = outcome?.verdict ?? step.verdict;
  const rows = rowsWhere(report, ofStep(run.id, step.index));
  const facts = list([
    ...(startedAt
      ? [`Begun at ${formatUtc(startedAt)}${took === undefined ? '' : `, took ${duration(took)}`}`]
      : []),
    `Verdict: ${verdict === undefined ? 'not recorded' : inline(verdict, report.people)}`,
    ...(plan ? [`Plan: ${inline(plan.title)}, hash ${code(plan.hash)}`] : []),
    ...(step.approval ? [approvalLine(report, step.approval)] : []),
    ...(plan ? [figures('Before', plan.facts)] : []),
    ...(outcome ? [figures('After', outcome.facts)] : []),
    ...(outcome?.state === 'done' ? probes(outcome.probes) : []),
    ...(rows.length > 0 ? [`Entries: ${citation(rows)}`] : []),
  ]);
  const head = `#### Run ${run.id}, step ${step.index}: ${inline(step.name)} (${stateWord(step.state)})`;
  return [head, facts, ...(plan ? sql(report, plan) : [])].join('\n\n');
}

const figures = (when: string, facts: Plan['facts']): string => {
  const known = figuresOf(facts);
  return `${when}: ${known.length > 0 ? known.join(', ') : 'no figures recorded'}`;
};

const probes = (all: readonly ProbeResult[]) =>
  all.length === 0
    ? []
    : [
        probesLine(all),
        all.map(
          ({ name, ok, took_ms, sqlstate }) =>
            `${code(name)}: ${ok ? 'green' : 'red'}${sqlstate === undefined ? '' : ` (${code(sqlstate)})`}, ${took_ms} ms`,
        ),
      ];

function sql({ sql: shown }: Report, { hash }: Plan): readonly string[] {
  const text = shown.get(hash);
  return text === undefined
    ? ['The SQL of this plan is not shown here; its hash names it.']
    : [fenced(text, 'sql')];
}
