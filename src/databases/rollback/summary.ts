/** The plan in plain words, for the person who is asked to approve it. */
import { shortName } from '../names.ts';
import { changeLines, publishingLines, type Told } from '../summary.ts';
import type { Affected } from './tables.ts';

/** What the summary is made from. */
export interface RollbackTold extends Told {
  readonly affected: readonly Affected[];
  readonly notUndone: readonly string[];
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
    'Later migrations: none.',
    ...told.affected.map(snapshotText(told.snapshotSchema)),
    ...publishingLines(told.publishing),
  ];
}

const snapshotText =
  (schema: string) =>
  ({ plan }: Affected): string =>
    `Snapshot of ${shortName(plan.name)} inside the transaction, after the lock: ${schema}.${plan.snapshot}` +
    `${plan.untouched === undefined ? ' (no primary key: untouched rows cannot be kept apart)' : `, untouched keys in ${plan.untouched}`}.`;
