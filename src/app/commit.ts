/** Writes what the core decided, whole: state, timeline, effects and timers in the caller's transaction. */
import { isDeepStrictEqual } from 'node:util';
import type { Decision } from '../domain/decision.ts';
import type { Effect } from '../domain/effects.ts';
import type { Incident } from '../domain/incident.ts';
import { saveIncident } from '../store/incidents.ts';
import { enqueue } from '../store/outbox.ts';
import type { Db } from '../store/store.ts';
import { appendEntries, type ChainEnd } from '../store/timeline.ts';
import { schedule } from '../store/timers.ts';
import type { Cause } from './app.ts';
import { settleCause } from './settle-cause.ts';

/**
 * The incident's row must be locked by this transaction, or be new in it. `before` is the incident and the end of its
 * chain as they were read under that lock: what a note leaves as it was is not written again.
 */
export async function commitDecision(
  tx: Db,
  decision: Decision,
  cause: Cause,
  now: Date,
  before?: { readonly incident: Incident; readonly end: ChainEnd },
): Promise<void> {
  if (!isDeepStrictEqual(before?.incident, decision.incident)) await saveIncident(tx, decision.incident);
  const head = await appendEntries(tx, decision.incident.id, decision.entries, now, before?.end);
  await enqueue(
    tx,
    decision.effects.map((effect) => anchored(effect, head)),
    now,
  );
  await schedule(tx, decision.timers);
  await settleCause(tx, cause, now);
}

/** The hash is known only once the entries are written. */
function anchored(effect: Effect, head: string): Effect {
  if (effect.kind !== 'say' || !effect.anchored) return effect;
  const { kind, to, text } = effect;
  return { kind, to, text: `${text}\nTimeline head \`${head}\`` };
}
