/** Reads figures out of what runs left as JSON, and names the acts that changed something. */
import type { Plan, PlanKind } from '../plan.ts';
import type { Proposal } from '../record.ts';
import type { Run, RunStep } from '../run.ts';
import type { SweepReport } from '../sweep.ts';
import type { Known } from './report.ts';

export type Json = Readonly<Record<string, unknown>>;

/** A step with a plan: something dangerous that was asked for, whatever came of it. */
export interface Act {
  readonly run: Run;
  readonly step: RunStep;
  readonly plan: Plan;
}

/** The runs as they were asked for, oldest first. */
export const runsInOrder = (record: Known): readonly Run[] =>
  record.runs.toSorted((a, b) => a.requestedAt.getTime() - b.requestedAt.getTime() || a.id - b.id);

/** All acts, or those of one kind, in the order of their runs. */
export const acts = (record: Known, kind?: PlanKind): readonly Act[] =>
  runsInOrder(record)
    .flatMap((run) => run.steps.map((step) => ({ run, step, plan: step.plan })))
    .filter((act): act is Act => act.plan !== undefined && (kind === undefined || act.plan.kind === kind));

/** What an act left as figures. */
export const factsOf = (act: Act): Json => act.step.outcome?.facts ?? {};

export const isDone = (act: Act): boolean => act.step.outcome?.state === 'done';

/** A count, however it was kept: a number, a list of what was counted, or counts by table. */
export function count(facts: Json, key: string): number | undefined {
  const value = facts[key];
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (Array.isArray(value)) return value.length;
  if (value === null || typeof value !== 'object') return undefined;
  const counts = Object.values(value);
  return counts.every((each) => typeof each === 'number') ? counts.reduce((a, b) => a + b, 0) : undefined;
}

/** Sum over the acts that know the figure; undefined when none does. */
export function total(of: readonly Act[], key: string): number | undefined {
  const known = of.map((act) => count(factsOf(act), key)).filter((each) => each !== undefined);
  return known.length === 0 ? undefined : known.reduce((a, b) => a + b, 0);
}

/** What the newest act on each table says, added up: an earlier look at the same rows is out of date. */
export function newest(of: readonly Act[], key: string): number | undefined {
  const knowing = of.filter((act) => count(factsOf(act), key) !== undefined);
  const byTable = new Map(knowing.map((act) => [text(act.plan.inputs, 'table') ?? act.plan.target, act]));
  return total([...byTable.values()], key);
}

/** A repair commits batch by batch: one that stopped may have put rows back. */
export const keptRows = (facts: Json): number => count(facts, 'restored') ?? 0;

export const text = (facts: Json, key: string): string | undefined => {
  const value = facts[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

export function texts(facts: Json, key: string): readonly string[] {
  const value = facts[key];
  if (typeof value === 'string') return value === '' ? [] : [value];
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

/** The migration a rollback was about. */
export const migrationOf = ({ run, plan }: Act): string | undefined =>
  text(plan.inputs, 'migration') ?? text(plan.facts, 'migration') ?? text(run.params, 'migration');

/** What the down migration does not undo, as the outcome says, else as the plan foresaw. */
export function notUndone(act: Act): readonly string[] {
  const found = texts(factsOf(act), 'not_undone');
  return found.length > 0 ? found : texts(act.plan.inputs, 'notUndone');
}

/** What monitors saw, first failure first. */
export const proposalsInOrder = (record: Known): readonly Proposal[] =>
  record.proposals.toSorted((a, b) => a.firstFailedAt.getTime() - b.firstFailedAt.getTime() || a.id - b.id);

/** Names of the migrations that a monitor suspected or that were rolled back, each once. */
export const migrations = (record: Known): readonly string[] => [
  ...new Set(
    [
      ...proposalsInOrder(record).map(({ migration }) => migration?.name),
      ...acts(record, 'migration-rollback').map(migrationOf),
    ].filter((name) => name !== undefined),
  ),
];

/** The looks at a database, in order. */
export const sweeps = (record: Known): readonly Look[] =>
  runsInOrder(record)
    .flatMap((run) => run.steps.map((step) => ({ run, step, report: sweepOf(step) })))
    .filter((look): look is Look => look.report !== undefined);

interface Look {
  readonly run: Run;
  readonly step: RunStep;
  readonly report: SweepReport;
}

/** What a step found when it was a look at a database. */
export const sweepOf = ({ output }: RunStep): SweepReport | undefined =>
  isSweep(output) ? output : undefined;

function isSweep(output: unknown): output is SweepReport {
  if (output === null || typeof output !== 'object') return false;
  const { took_ms, checks, top } = output as Partial<Record<keyof SweepReport, unknown>>;
  return typeof took_ms === 'number' && Array.isArray(checks) && checks.every(isCheck) && isTexts(top);
}

const isCheck = (check: unknown): boolean =>
  check !== null &&
  typeof check === 'object' &&
  ['check', 'status', 'verdict'].every((key) => typeof (check as Json)[key] === 'string');

const isTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((each) => typeof each === 'string');
