/** What steps share that put rows back in batches, which commit one by one. */
import type { BatchOptions } from '../databases/batches.ts';
import { resolveUnknown } from '../databases/resolve.ts';
import type { Target } from '../databases/target.ts';
import type { Marker, TransactionTrace } from '../domain/plan.ts';
import { stoppedOutcome } from '../domain/run-moves.ts';
import type { ExecuteOptions, Resolution } from './step.ts';

/** Progress in a sentence. */
export const batched = ({ marker, onXid, signal, onProgress }: ExecuteOptions): BatchOptions => ({
  marker,
  onXid,
  signal,
  onProgress: ({ batch, batches, restored }) =>
    onProgress(`Batch ${batch} of ${batches}: ${restored} rows restored`),
});

/** What counts is what is left to do once the last batch has ended. */
export async function resolveBatched(
  target: Target,
  marker: Marker,
  trace: TransactionTrace | undefined,
  left: () => Promise<number>,
): Promise<Resolution> {
  if ((await resolveUnknown(target, marker, trace)) === 'unknown') return 'unknown';
  const rows = await left();
  if (rows === 0) return 'committed';
  return stoppedOutcome(
    'FAILED',
    `It was interrupted: what was restored stays, ${rows} rows are left. Start it again for the rest.`,
  );
}
