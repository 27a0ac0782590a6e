/** Use case: correcting an entry of the timeline, which is read and corrected in one transaction. */
import { decide } from '../domain/decide.ts';
import type { Incident } from '../domain/incident.ts';
import type { Wish } from '../domain/intents.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import type { Settings } from '../domain/settings.ts';
import { correctedBy, type Row, rowsOf } from '../domain/timeline.ts';
import { lockIncident } from '../store/incidents.ts';
import type { Db, Store } from '../store/store.ts';
import { countEntries, loadCorrected } from '../store/timeline.ts';
import type { Cause } from './app.ts';
import { commitDecision } from './commit.ts';
import { saidAt } from './said-at.ts';

export interface CorrectionWish {
  readonly by: string;
  /** The number of the entry. */
  readonly seq: number;
  readonly what: Wish<'correct'>['what'];
  /** The new text, or why. */
  readonly text: string;
}

export interface CorrectionParts {
  readonly store: Store;
  readonly settings: Settings;
  readonly now: () => Date;
}

export function correctEntry(
  { store, settings, now }: CorrectionParts,
  incidentId: number,
  { by, seq, what, text }: CorrectionWish,
  cause: Cause,
): Promise<{ ok: true; incident: Incident } | Refusal> {
  return store.transaction(async (tx) => {
    const incident = await lockIncident(tx, incidentId);
    if (!incident) return refuse('INCIDENT_UNKNOWN', { found: incidentId });
    const row = await rowNamed(tx, incidentId, seq);
    if ('ok' in row) return row;
    const at = now();
    const wish = { kind: 'correct', by, row, what, text } as const;
    const decision = decide(incident, wish, at, settings, saidAt(cause, at));
    if (!decision.ok) return decision;
    await commitDecision(tx, decision, cause, at);
    return { ok: true, incident: decision.incident };
  });
}

/** The entry of that number as it stands; a correction is no entry to be corrected, its own is. */
export async function rowNamed(db: Db, incidentId: number, seq: number): Promise<Row | Refusal> {
  const family = await loadCorrected(db, incidentId, seq);
  const named = family.find((entry) => entry.seq === seq);
  if (!named) return refuse('ENTRY_UNKNOWN', { found: seq, count: await countEntries(db, incidentId) });
  const of = correctedBy(named)?.of;
  if (of !== undefined) return refuse('ENTRY_IS_CORRECTION', { found: seq, of });
  return rowsOf(family).find((row) => row.seq === seq) as Row;
}
