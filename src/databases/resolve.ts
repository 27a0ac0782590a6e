/** What became of a transaction whose COMMIT was never answered: the server is asked, and may not know yet. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Marker, Plan, TransactionTrace } from '../domain/plan.ts';
import { BEFORE_PART, markersExist, readMarkers } from './marker.ts';
import { type Stopped, stopped } from './outcome.ts';
import { endQuietly, type Target } from './target.ts';

export type Resolution = 'committed' | 'aborted' | 'unknown';

const TRIES = 5;
const PAUSE_MS = 300;

/** A marker row proves a commit. Without one only the transaction's own status can prove the opposite. */
export async function resolveUnknown(
  target: Target,
  marker: Marker,
  trace?: TransactionTrace,
): Promise<Resolution> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const found = await lookOnce(target, marker, trace).catch((): Resolution => 'unknown');
    if (found !== 'unknown') return found;
    await sleep(PAUSE_MS);
  }
  return 'unknown';
}

const copying = z.object({ before: z.boolean().default(false), snapshotSchema: z.string() });

/** The same of a plan that may have copied its tables before it locked them: such copies stay, and that is said. */
export async function resolveCopying(
  target: Target,
  plan: Plan,
  marker: Marker,
  trace?: TransactionTrace,
): Promise<Resolution | Stopped> {
  const found = await resolveUnknown(target, marker, trace);
  const { before, snapshotSchema } = copying.parse(plan.inputs);
  if (found !== 'aborted' || !before) return found;
  const stays = `Copies that were made before the lock may be left in ${snapshotSchema}.`;
  return stopped('FAILED', `${plan.title}: not carried out, as the target says. ${stays}`);
}

async function lookOnce(
  target: Target,
  marker: Marker,
  trace: TransactionTrace | undefined,
): Promise<Resolution> {
  // The status comes first: a transaction that ends between the two looks is seen as still unknown.
  const status = trace === undefined ? await withoutTrace(target) : await statusOf(target, trace);
  if (await hasMarker(target, marker, trace)) return 'committed';
  return status;
}

/** `in progress`, or too old to be known, stays unknown; `committed` without its marker is another server's. */
async function statusOf(target: Target, trace: TransactionTrace): Promise<Resolution> {
  const [row] = await target.read<{ status: string | null }>('select pg_xact_status($1::xid8) as status', [
    trace.xid,
  ]);
  return row?.status === 'aborted' ? 'aborted' : 'unknown';
}

/** No xid was ever journaled, so COMMIT was never sent; a transaction that is still open is waited for. */
async function withoutTrace(target: Target): Promise<Resolution> {
  const [row] = await target.read<{ open: boolean }>(`
    select exists (
      select from pg_locks l
       where l.relation = (select c.oid from pg_class c
                            join pg_namespace n on n.oid = c.relnamespace
                           where n.nspname = 'firebreak' and c.relname = 'markers')
         and l.database = (select oid from pg_database where datname = current_database())
         and l.mode = 'RowExclusiveLock'
    ) as open`);
  return row?.open === false ? 'aborted' : 'unknown';
}

async function hasMarker(
  target: Target,
  marker: Marker,
  trace: TransactionTrace | undefined,
): Promise<boolean> {
  const client = await target.session('ddl');
  try {
    if (!(await markersExist(client))) return false;
    // A copy that was made before the change says nothing of the change.
    const rows = (await readMarkers(client, marker)).filter(({ part }) => part !== BEFORE_PART);
    return trace === undefined ? rows.length > 0 : rows.some((row) => row.xid === trace.xid);
  } finally {
    await endQuietly(client);
  }
}
