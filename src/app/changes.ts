/** What was changed outside, and migrations that a deploy sends: kept, and an entry in the incidents that they touch. */
import { digestOf } from '../domain/chain.ts';
import { type Change, changeText, isToldAnyway, type ReportedChange, windowOf } from '../domain/change.ts';
import { card, decision } from '../domain/decision.ts';
import type { NewEntry } from '../domain/entry.ts';
import { type Incident, isOpen } from '../domain/incident.ts';
import type { CapturedMigration } from '../domain/plan.ts';
import type { Settings } from '../domain/settings.ts';
import { saveCaptured } from '../store/captured-migrations.ts';
import { changesOf, saveChange, type Touched } from '../store/changes.ts';
import { lockIncident, oneDeclaration, openIncidentsOn } from '../store/incidents.ts';
import { proposalsOf } from '../store/proposals.ts';
import type { Db, Store } from '../store/store.ts';
import { commitDecision } from './commit.ts';

export interface ChangesParts {
  readonly store: Store;
  readonly settings: Settings;
  readonly now: () => Date;
}

/** One transaction each: sent again after a failure, those that are known count once. Answers how many were new. */
export async function takeChanges(parts: ChangesParts, reported: readonly ReportedChange[]): Promise<number> {
  let fresh = 0;
  for (const each of reported)
    if (await parts.store.transaction((tx) => takeChange(tx, parts, each))) fresh += 1;
  return fresh;
}

/** False: it was known. */
export async function takeChange(
  tx: Db,
  { settings, now }: Omit<ChangesParts, 'store'>,
  reported: ReportedChange,
): Promise<boolean> {
  // Of a declaration at the same moment one has to come first: it finds the change, or the change finds it.
  await oneDeclaration(tx);
  const touched = touchedBy(settings, reported);
  const saved = await saveChange(tx, reported, touched, now());
  if (!saved) return false;
  for (const id of await openIncidentsOn(tx, touched.targets, touched.services))
    await tell(tx, id, saved.change, saved.fresh, now());
  return saved.fresh;
}

/** Migrations as they were captured; what was known already is no change. */
export function captureChanges(
  parts: ChangesParts,
  target: string,
  migrations: readonly CapturedMigration[],
): Promise<void> {
  return parts.store.transaction(async (tx) => {
    const at = parts.now();
    const fresh = await saveCaptured(tx, target, migrations, at);
    if (fresh.length === 0) return;
    await takeChange(tx, parts, {
      source: 'capture',
      externalId: digestOf({ target, at: at.toISOString(), fresh }),
      kind: 'migration',
      title: capturedText(target, fresh),
      target,
      at,
      details: { target, migrations: fresh.slice(-MOST_KEPT), count: fresh.length },
    });
  });
}

/**
 * What came shortly before a new incident, each an entry at its own time; the newest of very many. The incident and the
 * proposal it was made from are written already. A drill has nothing to do with it, and when what is told afterwards
 * began is not known yet.
 */
export async function tellChangesBefore(
  tx: Db,
  incident: Incident,
  now: Date,
  isTold: (change: Change) => boolean = () => false,
): Promise<void> {
  if (incident.kind !== 'incident') return;
  const proposals = await proposalsOf(tx, incident.id);
  // It was declared when it was said; what came since then has found no incident.
  const untold = (await changesOf(tx, incident, now)).filter(
    (change) => !isTold(change) && !isToldAnyway(change, proposals),
  );
  const entries = untold.slice(0, MOST_TOLD).map(entryOf).reverse();
  if (entries.length > 0) await commitDecision(tx, decision(incident, entries, []), {}, now);
}

const MOST_TOLD = 20;

/**
 * A service touches the targets that serve it, a target the services it serves: whoever uses the database in question
 * may have done it harm. What names neither touches everything.
 */
function touchedBy({ targets }: Settings, { service, target, ...given }: ReportedChange): Touched {
  const named = given.services ?? (service === undefined ? undefined : [service]);
  const serving = Object.values(targets).filter((each) => each.services.some((of) => named?.includes(of)));
  return {
    services: named ?? (target === undefined ? [] : (targets[target]?.services ?? [])),
    targets: target === undefined ? serving.map(({ name }) => name) : [target],
  };
}

/** At its own time; that it failed in the end is told when it is known. What came long before is not about this one. */
async function tell(tx: Db, id: number, change: Change, fresh: boolean, now: Date): Promise<void> {
  if (!fresh && change.outcome !== 'failure') return;
  const incident = await lockIncident(tx, id);
  if (!incident || !isOpen(incident) || change.at < windowOf(incident).from) return;
  if (isToldAnyway(change, await proposalsOf(tx, id))) return;
  const entry = fresh ? entryOf(change) : { ...entryOf(change), at: now };
  await commitDecision(tx, decision(incident, [entry], [card(incident)]), {}, now);
}

const entryOf = (change: Change): NewEntry => ({
  at: change.at,
  kind: 'change',
  actor: actorOf(change),
  text: changeText(change),
  details: { ...change.details, change: change.id },
  ...(change.link === undefined ? {} : { link: change.link }),
});

/** An author is what its source claims: it is said, but has done nothing here. */
function actorOf({ source, author }: Change): string {
  if (source === 'guard') return author ?? 'firebreak';
  return source === 'capture' ? 'firebreak' : `change:${source}`;
}

const MOST_NAMED = 5;
const MOST_KEPT = 100;

/** The newest names: a project's first capture brings all that it ever had. */
function capturedText(target: string, names: readonly string[]): string {
  const named = names.slice(-MOST_NAMED).join(', ');
  const more = names.length - MOST_NAMED;
  const which = names.length === 1 ? `Migration ${named}` : `${names.length} migrations`;
  const list = names.length === 1 ? '' : `: ${more > 0 ? '…, ' : ''}${named}`;
  return `${which} captured for ${target}, new or changed${list}`;
}
