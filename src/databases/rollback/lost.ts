/** What a rollback does not bring back: by the text of the migration, and by the foreign keys that passed its writes on. */
import { EVERYTHING, type Loss, losses } from '../analyse/losses.ts';
import { shortName } from '../names.ts';
import { reachedFrom, type Write } from '../reach.ts';
import { tableFacts } from '../tables.ts';
import type { Target } from '../target.ts';
import { changesTable } from '../touched.ts';
import type { Candidate } from './preflight.ts';

/** Names are those before the up. */
export async function lostBy(target: Target, it: Candidate): Promise<readonly Loss[]> {
  const unread = { on: EVERYTHING, text: 'what the up did: it is code, or cannot be read' };
  const passed = await reachedFrom(target, await writesOfUp(target, it));
  return [
    ...(it.upOpaque ? [unread] : []),
    ...losses(it.up, it.down),
    ...passed.map(({ table, op, column }) => ({
      on: shortName(table),
      ...(op === 'delete' ? {} : { column }),
      text:
        op === 'delete'
          ? `rows of ${shortName(table)}, which went along with what the up deleted, by a foreign key`
          : `${shortName(table)}.${column}, which followed what the up changed, by a foreign key`,
    })),
  ];
}

/** By the tables as they are called now. */
async function writesOfUp(target: Target, { up }: Candidate): Promise<Write[]> {
  const writes: Write[] = [];
  for (const { op, on, column = '', ...effect } of up.statements.flatMap((it) => it.effects)) {
    if ((op !== 'update' && op !== 'delete') || !changesTable({ op, on, ...effect })) continue;
    const facts = await tableFacts(target, up.names.tableNow(on)).catch(() => undefined);
    if (facts === undefined) continue;
    writes.push({ oid: facts.oid, table: facts.name, op, column: up.names.columnNow(on, column) });
  }
  return writes;
}
