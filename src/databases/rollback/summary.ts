/** The plan in plain words, for the person who is asked to approve it. */
import { whenCopied } from '../copy-form.ts';
import { shortName } from '../names.ts';
import { changeLines, publishingLines, type Told } from '../summary.ts';
import type { KeptTable } from './inputs.ts';
import type { Affected } from './tables.ts';

/** What the summary is made from. */
export interface RollbackTold extends Told {
  readonly affected: readonly Affected[];
  readonly notUndone: readonly string[];
  readonly ownTransaction: boolean;
  /** Tables that are locked since a foreign key that goes leads to them. */
  readonly foreign: readonly string[];
  readonly kept: readonly KeptTable[];
  /** Copied before the lock. */
  readonly before: boolean;
  /** Publications that would publish what is kept. */
  readonly publishing: readonly string[];
  readonly snapshotSchema: string;
}

/** The lines, the gravest first. */
export function summaryOf(told: RollbackTold): string[] {
  return [
    ...(told.notUndone.length === 0
      ? ['Undoes everything that the up did.']
      : told.notUndone.map((line) => `NOT undone: ${line}.`)),
    ...changeLines(told),
    ...told.foreign.map(
      (table) => `Locks AccessExclusive on ${shortName(table)}, too: a foreign key to it is dropped.`,
    ),
    'Later migrations: none.',
    ...told.affected.map(snapshotText(told.snapshotSchema, told.before)),
    ...(told.ownTransaction ? [ROWS_UNKNOWN] : told.kept.map(keptText)),
    ...publishingLines(told.publishing),
  ];
}

const keptText = ({ table }: KeptTable): string =>
  `The rows of ${shortName(table)} that the migration changed were kept before it ran: \`restore-snapshot\` can put them back afterwards, where nobody has written since.`;

const ROWS_UNKNOWN =
  'The tool wrote its history in a transaction of its own: which rows the migration wrote cannot be told, so none can be put back by it.';

const snapshotText =
  (schema: string, before: boolean) =>
  ({ plan }: Affected): string =>
    `Snapshot of ${shortName(plan.name)} ${whenCopied(before)}: ${schema}.${plan.snapshot}${keysText(plan)}.`;

function keysText({ key, untouched }: Affected['plan']): string {
  if (untouched !== undefined) return `, untouched keys in ${untouched}`;
  return key.length === 0 ? ' (no primary key: untouched rows cannot be kept apart)' : '';
}
