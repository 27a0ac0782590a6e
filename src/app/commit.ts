/** Writes what the core decided, whole: state, timeline, effects and timers in the caller's transaction. */
import type { Decision } from '../domain/decision.ts';
import { settleDone } from '../store/inbox.ts';
import { saveIncident } from '../store/incidents.ts';
import { enqueue } from '../store/outbox.ts';
import type { Db } from '../store/store.ts';
import { appendEntries } from '../store/timeline.ts';
import { schedule } from '../store/timers.ts';
import type { Cause } from './app.ts';

/** The incident's row must be locked by this transaction, or be new in it. */
export async function commitDecision(tx: Db, decision: Decision, cause: Cause, now: Date): Promise<void> {
  await saveIncident(tx, decision.incident);
  await appendEntries(tx, decision.incident.id, decision.entries, now);
  await enqueue(tx, decision.effects, now);
  await schedule(tx, decision.timers);
  if (cause.inboxKey !== undefined) await settleDone(tx, cause.inboxKey, now);
}
