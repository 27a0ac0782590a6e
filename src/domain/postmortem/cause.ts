/** Section 3: what the record shows of the cause; why it could happen is for people to say. */
import { beganAt, whatChanged } from '../change.ts';
import type { Proposal } from '../record.ts';
import { seenBy } from '../sighting.ts';
import { formatUtc } from '../when.ts';
import { ofStep, proposed, rowsWhere } from './cite.ts';
import { type Act, acts, isDone, migrationOf, notUndone, proposalsInOrder, text } from './facts.ts';
import { code, type Item, inline, list } from './markdown.ts';
import type { Known, Report } from './report.ts';
import { failure, said } from './summary.ts';
import { named, notRecorded, session, written } from './words.ts';

/** Section 3. */
export function rootCause(report: Report): string {
  const factors = contributing(report);
  return [
    list([`Immediate cause: ${causeOf(report)}`, immediate(report), ...written(report, 'underlying-causes')]),
    '### Contributing factors',
    factors.length > 0 ? list(factors) : 'None is proposed: no recorded fact supports one.',
  ].join('\n\n');
}

/** In the words of people, else from the facts below it. */
const causeOf = (report: Report): string =>
  said(report, 'cause') ??
  (immediate(report).length === 0 ? notRecorded('say it with `cause <text>`') : 'what the record shows');

/** The migrations in question, with what their way back left undone, and the entries that say so. */
export const undoneBy = (
  report: Report,
): readonly { readonly line: string; readonly rows: readonly number[] }[] =>
  rolledBack(report).flatMap((act) =>
    notUndone(act).map((what) => ({
      line: `The down migration of ${name(act)} does not undo: ${inline(what)}`,
      rows: rowsOfAct(report, act),
    })),
  );

/** What the timeline holds of what came of an act. */
export const rowsOfAct = (report: Report, { run, step }: Pick<Act, 'run' | 'step'>): readonly number[] =>
  rowsWhere(report, ofStep(run.id, step.index, ['step', 'diagnosis']));

/** What the timeline holds of what a monitor saw first. */
export const rowsOfSighting = (report: Report, proposal: Proposal): readonly number[] =>
  rowsWhere(
    report,
    ({ kind, actor, at }) => kind === 'monitor' && actor === seenBy(proposal) && at <= proposal.detectedAt,
  );

const contributing = (report: Report): readonly string[] => [
  ...proposalsInOrder(report).flatMap((proposal) => suspected(report, proposal)),
  ...changedBefore(report),
  ...undoneBy(report).flatMap(({ line, rows }) => proposed(line, rows)),
  ...acts(report).flatMap((act) => inTheWay(report, act)),
];

/** Only when it came before: what is applied after the first failure has not caused it. */
function suspected(report: Report, proposal: Proposal): readonly string[] {
  const { migration, firstFailedAt } = proposal;
  const appliedAt = migration?.appliedAt;
  if (!appliedAt || appliedAt > firstFailedAt) return [];
  const changes = rowsWhere(
    report,
    ({ kind, at }) => kind === 'change' && at.getTime() === appliedAt.getTime(),
  );
  return applied(proposal).flatMap((line) =>
    proposed(line, [...changes, ...rowsOfSighting(report, proposal)]),
  );
}

/** Reported from outside. What came after it began has not caused it; what no entry tells supports nothing. */
function changedBefore(report: Report): readonly string[] {
  const began = beganAt(report.incident);
  const reported = report.landmarks.filter(({ details }) => typeof details?.['change'] === 'number');
  return whatChanged(report, reported)
    .filter(({ at }) => at <= began)
    .flatMap(({ at, text: what, when, seq }) =>
      seq === undefined ? [] : proposed(`${inline(what, report.people)} at ${formatUtc(at)}, ${when}`, [seq]),
    )
    .reverse();
}

function inTheWay(report: Report, act: Act): readonly string[] {
  const { outcome } = act.step;
  if (outcome?.state !== 'stopped') return [];
  return outcome.blockers.flatMap((blocker) =>
    proposed(`${named(act)} could not be done because of ${session(blocker)}`, rowsOfAct(report, act)),
  );
}

function immediate(record: Known): readonly Item[] {
  const seen = proposalsInOrder(record).flatMap((proposal) => [failure(proposal), ...applied(proposal)]);
  const undone = rolledBack(record).map(
    (act) => `${name(act)}${appliedAt(act)} was rolled back on ${code(act.plan.target)}`,
  );
  return [...seen, ...undone];
}

function applied({ migration, firstFailedAt }: Proposal): readonly string[] {
  if (!migration) return [];
  const { name: which, appliedAt } = migration;
  if (!appliedAt) return [`Migration ${code(which)} was applied before that; when is not recorded`];
  const ago = Math.round((firstFailedAt.getTime() - appliedAt.getTime()) / 1000);
  const order = ago >= 0 ? `${ago} s before the first failure` : `${-ago} s after the first failure`;
  return [`Migration ${code(which)} was applied at ${formatUtc(appliedAt)}, ${order}`];
}

/** When its history row says that it was applied; tools that keep no time leave it unknown. */
function appliedAt({ plan }: Act): string {
  const found = new Date(text(plan.facts, 'applied_at') ?? '');
  return Number.isNaN(found.getTime()) ? '' : `, applied at ${formatUtc(found)},`;
}

const rolledBack = (record: Known): readonly Act[] => acts(record, 'migration-rollback').filter(isDone);

const name = (act: Act): string => {
  const migration = migrationOf(act);
  return migration === undefined ? inline(act.plan.title) : code(migration);
};
