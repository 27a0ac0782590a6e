/** Section 3: what the record shows of the cause; why it could happen is for people to say. */
import type { IncidentRecord, Proposal } from '../record.ts';
import { formatUtc } from '../when.ts';
import { type Act, acts, isDone, migrationOf, notUndone, proposalsInOrder, text } from './facts.ts';
import { code, type Item, inline, list } from './markdown.ts';
import { failure, said } from './summary.ts';
import { byAPerson, notRecorded } from './words.ts';

/** Section 3. */
export const rootCause = (record: IncidentRecord): string =>
  list([
    `Immediate cause: ${causeOf(record)}`,
    immediate(record),
    `Underlying causes: ${byAPerson}`,
    suggested(record),
  ]);

/** In the words of people, else from the facts below it. */
const causeOf = (record: IncidentRecord): string =>
  said(record, 'cause') ??
  (immediate(record).length === 0 ? notRecorded('say it with `cause <text>`') : 'what the record shows');

/** The migration in question, with what its way back left undone. */
export const undoneBy = (record: IncidentRecord): readonly string[] =>
  rolledBack(record).flatMap((act) =>
    notUndone(act).map((what) => `The down migration of ${name(act)} does not undo: ${inline(what)}`),
  );

function immediate(record: IncidentRecord): readonly Item[] {
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

const suggested = (record: IncidentRecord): readonly string[] =>
  undoneBy(record).map((line) => `From the record: ${line}`);

const rolledBack = (record: IncidentRecord): readonly Act[] =>
  acts(record, 'migration-rollback').filter(isDone);

const name = (act: Act): string => {
  const migration = migrationOf(act);
  return migration === undefined ? inline(act.plan.title) : code(migration);
};
