/** Whether there is room for what a plan copies: by `snapshot.max_bytes`, and by the free disk where the target tells. */
import { type Refusal, refuse } from '../domain/refusal.ts';
import { DEFAULT_MAX_BYTES } from '../domain/target-settings.ts';
import { sized } from './figures.ts';
import { errorText } from './pg-errors.ts';
import type { Target } from './target.ts';

/** A copy is written twice: once as the table, once in the WAL. */
const FREE_FOR_ONE = 2;

/** What a plan says of its copies, in bytes; refused when they are too large, unless `large` was said. */
export async function roomFor(
  target: Target,
  bytes: number,
  large: boolean,
): Promise<{ readonly ok: true; readonly lines: readonly string[] } | Refusal> {
  if (bytes === 0) return { ok: true, lines: [] };
  const { maxBytes = DEFAULT_MAX_BYTES } = target.config.snapshot;
  const free = await freeDisk(target);
  const values = { target: target.name, found: sized(bytes) };
  const scarce = free.bytes !== undefined && free.bytes < FREE_FOR_ONE * bytes;
  if (bytes > maxBytes && !large)
    return refuse('SNAPSHOT_TOO_LARGE', { ...values, allowed: sized(maxBytes) });
  if (scarce && !large) return refuse('SNAPSHOT_NO_ROOM', { ...values, free: free.words });
  return {
    ok: true,
    lines: [
      `Copies ${sized(bytes)}; free disk: ${free.words}.`,
      ...(bytes > maxBytes
        ? [`That is more than the ${sized(maxBytes)} of snapshot.max_bytes: \`large\` was said.`]
        : []),
      ...(scarce ? ['THAT IS LESS FREE THAN TWICE WHAT IS COPIED: `large` was said.'] : []),
    ],
  };
}

/** What the target's own query answers; anything but one number is not known. */
async function freeDisk(target: Target): Promise<{ readonly words: string; readonly bytes?: number }> {
  const { freeDisk: sql } = target.config.snapshot;
  if (sql === undefined) return { words: 'unknown (snapshot.free_disk names no query)' };
  try {
    const rows = await target.read<object>(sql);
    const values = rows.flatMap((row) => Object.values(row) as unknown[]);
    const [value] = values;
    const bytes = typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN;
    if (values.length === 1 && value !== '' && bytes >= 0 && Number.isFinite(bytes))
      return { words: sized(bytes), bytes };
    return { words: 'unknown (snapshot.free_disk did not answer one number)' };
  } catch (error) {
    return { words: `unknown (${errorText(error)})` };
  }
}
