/** Guarded deploys, picked up from the journals in their targets: entries, incidents, holds, and proposed runs. */
import type { ReportedChange } from '../domain/change.ts';
import { declare } from '../domain/decide/declare.ts';
import { foreign } from '../domain/foreign.ts';
import { died, type GuardEvent, type GuardSeen, isIncident, toPropose } from '../domain/guard.ts';
import type { Intent } from '../domain/intents.ts';
import { severityUnasked } from '../domain/policy.ts';
import { saveCaptured } from '../store/captured-migrations.ts';
import { type GuardPickedUp, lockGuard, saveGuard } from '../store/guards.ts';
import { liftHold, saveHold } from '../store/holds.ts';
import { nextIncidentId, oneDeclaration, openIncidentsOn } from '../store/incidents.ts';
import type { Db } from '../store/store.ts';
import { takeChange, tellChangesBefore } from './changes.ts';
import { commitDecision } from './commit.ts';
import { type EscalationParts, escalate } from './escalations.ts';
import { actWithin } from './incidents.ts';
import type { RunUseCases } from './runs.ts';

export interface GuardParts extends EscalationParts {
  readonly startRun: RunUseCases['startRun'];
}

/** Takes up what is new of one guard, once over all instances. It proposes, and never acts by itself. */
export async function pickUpGuard(parts: GuardParts, target: string, guard: GuardSeen): Promise<void> {
  const seen = await parts.store.transaction((tx) => written(tx, parts, target, guard));
  const migration = toPropose(guard);
  if (seen.incidentId === undefined || migration === undefined || seen.proposed) return;
  const wish = {
    incident: seen.incidentId,
    runbook: 'migration-rollback',
    params: { target, migration },
    by: guard.by,
  };
  const started = await parts.startRun(wish);
  await woken(
    parts,
    seen.incidentId,
    target,
    `the undo of ${migration} on ${target} waits for somebody who approves`,
  );
  await parts.store.transaction(async (tx) => {
    const text = started.ok
      ? `Run ${started.run.id} plans the rollback of ${migration}: somebody who approves has to read it`
      : `The rollback of ${migration} could not be planned by itself (${started.code}): say \`rollback ${migration} ${target}\``;
    await actWithin(
      tx,
      seen.incidentId ?? 0,
      record(text, guard.by, parts.now()),
      {},
      parts.now(),
      parts.settings,
    );
    await saveGuard(tx, { ...(await lockGuard(tx, target, guard.id)), proposed: true });
  });
}

/** What the guard undid by itself wakes nobody; what people have to decide on does. */
async function woken(parts: GuardParts, incident: number, target: string, reason: string): Promise<void> {
  const [service] = parts.settings.targets[target]?.services ?? [];
  const team = service === undefined ? undefined : parts.settings.services[service]?.team;
  if (team !== undefined) await escalate(parts, incident, { by: 'firebreak', team, reason }, {});
}

async function written(tx: Db, parts: GuardParts, target: string, guard: GuardSeen): Promise<GuardPickedUp> {
  const { settings, now } = parts;
  const before = await lockGuard(tx, target, guard.id);
  const fresh = guard.events.filter(({ n }) => n > before.events);
  const opens = before.incidentId === undefined && isIncident(guard);
  if (fresh.length === 0 && !opens) return before;
  if (before.events === 0 && guard.migrations.length > 0)
    await saveCaptured(tx, target, guard.migrations, now());
  const incidentId = opens ? await opened(tx, parts, target, guard) : before.incidentId;
  // An incident that was opened by it has the whole story.
  const told = opens ? guard.events : fresh;
  if (incidentId !== undefined) {
    for (const event of told)
      await actWithin(tx, incidentId, entryOf(event, guard, incidentId), {}, now(), settings);
    for (const event of told) await held(tx, target, event, incidentId);
  } else await toldElsewhere(tx, parts, target, guard, fresh);
  const events = guard.events.at(-1)?.n ?? before.events;
  const after = { ...before, events, ...(incidentId === undefined ? {} : { incidentId }) };
  await saveGuard(tx, after);
  return after;
}

async function opened(
  tx: Db,
  { settings, now }: GuardParts,
  target: string,
  guard: GuardSeen,
): Promise<number> {
  await oneDeclaration(tx);
  const red = guard.events.find(({ kind }) => kind === 'red');
  const [service] = settings.targets[target]?.services ?? [];
  const name = guard.migrations.at(-1)?.name ?? 'a migration';
  const title = red
    ? `Migration ${name} broke ${target}`
    : `Nobody watches migration ${name} on ${target} any more`;
  const at = red?.at ?? now();
  const text =
    red?.text ??
    `The guard of ${name} on ${target} ended before its time: its undo is proposed, nothing was done`;
  const decision = declare(
    await nextIncidentId(tx),
    {
      by: 'firebreak',
      title: title.slice(0, 120),
      severity: severityUnasked(settings),
      ...(service === undefined ? {} : { service }),
      detection: { by: guard.by, firstFailedAt: at, detectedAt: at, text },
    },
    now(),
    settings,
  );
  if (!decision.ok) throw new Error(`an incident for guard ${guard.id} was refused: ${decision.code}`);
  await commitDecision(tx, decision, {}, now());
  await tellChangesBefore(tx, decision.incident, now(), ({ details }) => details['guard'] === guard.id);
  return decision.incident.id;
}

const record = (text: string, by: string, at: Date, details: Readonly<Record<string, unknown>> = {}) =>
  ({ kind: 'record', by, entry: 'change', text, at, details }) as const;

/** At its own time. What undid something is said in the channel, too. */
function entryOf(
  { kind, text, at, details, n }: GuardEvent,
  { by, id }: GuardSeen,
  incident: number,
): Intent {
  const said = {
    kind: 'say',
    to: { kind: 'incident', id: incident },
    text: `:shield: ${foreign(text)}`,
  } as const;
  const entry = record(`Guard: ${text}`, by, at, { ...details, guard: id, event: n });
  return LOUD.has(kind) ? { ...entry, effects: [said] } : entry;
}

const LOUD = new Set<GuardEvent['kind']>(['red', 'rolled-back', 'restored', 'proposed', 'green']);

async function held(
  tx: Db,
  target: string,
  { kind, details, at }: GuardEvent,
  incidentId: number,
): Promise<void> {
  if (kind === 'lifted') await liftHold(tx, target, String(details['migration']));
  if (kind !== 'rolled-back') return;
  await saveHold(tx, { target, migration: String(details['migration']), incidentId, since: at });
}

/** A deploy that went well is a change for the incidents of its services: those that are open, and those to come. */
async function toldElsewhere(
  tx: Db,
  { settings, now }: GuardParts,
  target: string,
  guard: GuardSeen,
  fresh: readonly GuardEvent[],
): Promise<void> {
  for (const event of fresh.filter(({ kind }) => kind === 'applied'))
    await takeChange(tx, { settings, now }, appliedChange(target, guard, event));
  const gone = died(guard)
    ? [{ at: now(), text: `The guard ended while its command ran on ${target}: look what it left` }]
    : [];
  for (const incident of await openIncidentsOn(tx, [target], settings.targets[target]?.services ?? []))
    for (const { at, text } of gone)
      await actWithin(tx, incident, record(`Guard on ${target}: ${text}`, guard.by, at), {}, now(), settings);
}

const appliedChange = (
  target: string,
  { id, by }: GuardSeen,
  { at, n, text, details }: GuardEvent,
): ReportedChange => ({
  source: 'guard',
  externalId: `${target} ${id} ${n}`,
  kind: 'migration',
  title: `Guard on ${target}: ${text}`,
  target,
  author: by,
  at,
  details: { ...details, guard: id, event: n },
});
