/** Alerts come in: grouped, decided, remembered and told where they belong; one transaction a delivery. */
import {
  type Alert,
  type AlertDelivery,
  asTold,
  groupKeyOf,
  isBeyondLimit,
  isSame,
  type KnownAlert,
  monitorFingerprint,
  turned,
} from '../domain/alert.ts';
import { judge, type Rule, ruled, silenceFor } from '../domain/alert-rules.ts';
import type { Sighting } from '../domain/record.ts';
import type { Settings } from '../domain/settings.ts';
import {
  type Became,
  heldBackAlerts,
  insertAlert,
  isNewDelivery,
  lockGroups,
  newestAlerts,
  settleSilent,
  tellAgain,
  updateAlert,
} from '../store/alerts.ts';
import { oneDeclaration } from '../store/incidents.ts';
import { enqueue } from '../store/outbox.ts';
import { lockGroupProposals } from '../store/proposals.ts';
import type { Db, Store } from '../store/store.ts';
import { heldBackMessage } from './alert-messages.ts';
import { type AlertRound, openRound } from './alert-round.ts';
import { showGroups, tellGroups } from './alert-telling.ts';

export interface AlertParts {
  readonly store: Store;
  readonly settings: Settings;
  readonly now: () => Date;
}

/** An alert, and what our own monitor saw beside it. */
interface Signal {
  readonly alert: Alert;
  readonly sighting?: Sighting;
}

/** What became of one of them. `known`: the same delivery told it before. */
type Noticed = Became & { readonly known: boolean };

/** Takes a delivery in, once: `known` when it was told before and has changed nothing. */
export function takeAlerts(
  { store, settings, now }: AlertParts,
  { source, key, hasId, alerts }: AlertDelivery,
): Promise<{ readonly known: boolean }> {
  return store.transaction(async (tx) => {
    if (hasId && !(await isNewDelivery(tx, source, key, now()))) return { known: true };
    const noticed = await notice(
      tx,
      settings,
      alerts.map((alert) => ({ alert })),
      key,
      now(),
    );
    return { known: noticed.length > 0 && noticed.every(({ known }) => known) };
  });
}

/** A monitor's red period. Undefined: held back, with the reason written down; it is asked again with the next look. */
export function proposeSighting(
  { store, settings, now }: AlertParts,
  sighting: Sighting,
): Promise<number | undefined> {
  return store.transaction(async (tx) => {
    const [noticed] = await notice(tx, settings, [{ alert: alertOf(sighting), sighting }], 'look', now());
    return noticed?.proposal;
  });
}

const alertOf = (it: Sighting): Alert => ({
  source: 'monitor',
  fingerprint: monitorFingerprint(it.monitor),
  state: 'firing',
  title: it.error,
  ...(it.service === undefined ? {} : { service: it.service }),
  ...(it.target === undefined ? {} : { target: it.target }),
  // What belongs to neither has no other group than its monitor, whatever it sees.
  group: it.monitor,
  labels: { monitor: it.monitor, ...(it.sqlstate === undefined ? {} : { sqlstate: it.sqlstate }) },
  startsAt: it.firstFailedAt,
});

/** How long an alert that is not told any more counts as firing: longer than sources wait before they repeat one. */
const SILENT_MS = 24 * 3_600_000;

/** Decides anew on what was held back, and settles what its source has fallen silent about. */
export async function reconsiderAlerts({ store, settings, now }: AlertParts): Promise<void> {
  const at = now();
  await store.transaction(async (tx) => {
    const silent = await settleSilent(tx, new Date(at.getTime() - SILENT_MS), at);
    await showGroups(
      tx,
      silent.flatMap(({ proposal }) => proposal ?? []),
      at,
    );
    if (silent.some(isBeyondLimit)) await enqueue(tx, [heldBackMessage(at)], at);
  });
  let held: readonly KnownAlert[] = [];
  do {
    held = await heldBackAlerts(store, held.at(-1)?.id ?? 0);
    for (const source of new Set(held.map((it) => it.source))) {
      const signals = held.filter((it) => it.source === source).map((it) => ({ alert: asTold(it) }));
      await store.transaction((tx) => notice(tx, settings, signals, undefined, at));
    }
  } while (held.length > 0);
}

/**
 * Decides on signals of one source, in their order. `by`: the delivery; undefined when nobody told them anew.
 */
async function notice(
  tx: Db,
  settings: Settings,
  signals: readonly Signal[],
  by: string | undefined,
  now: Date,
): Promise<readonly Noticed[]> {
  const given = signals.map(({ alert, ...more }) => {
    const decided = ruled(alert, settings.alerts.rules);
    return { ...more, ...decided, groupKey: groupKeyOf(decided.alert) };
  });
  const groupKeys = given.map(({ groupKey }) => groupKey);
  await lockGroups(tx, groupKeys);
  // In the order in which somebody declares: of two at once each sees what the other has made of a proposal.
  if (given.some(({ rule }) => rule?.do === 'declare')) await oneDeclaration(tx);
  await lockGroupProposals(tx, groupKeys);
  const round = await openRound(tx, settings, now);
  const source = given[0]?.alert.source ?? '';
  const known = new Map(
    await newestAlerts(
      tx,
      source,
      given.map(({ alert }) => alert.fingerprint),
    ),
  );
  const again: number[] = [];
  const noticed: Noticed[] = [];
  for (const signal of given) {
    const newest = known.get(signal.alert.fingerprint);
    const before = newest && isSame(newest, signal.alert, now) ? newest : undefined;
    // It was resolved while it waited to be decided on anew.
    if (by === undefined && !isWaiting(before)) continue;
    if (before && isSettled(before, signal) && !isRaised(before, signal, settings.alerts.rules)) {
      again.push(before.id);
      noticed.push({ ...before, known: before.lastToldBy === by });
      continue;
    }
    const after = await one(tx, round, { ...signal, ...(before ? { before } : {}) }, by, now);
    known.set(signal.alert.fingerprint, after);
    noticed.push({ ...after, known: false });
  }
  if (again.length > 0 && by !== undefined) await tellAgain(tx, again, by, now);
  await tellGroups(tx, round, now);
  return noticed;
}

const isWaiting = (known: KnownAlert | undefined): boolean =>
  known?.heldBack === true && known.state === 'firing';

/** Nothing new, and nothing to decide anew. */
const isSettled = (before: KnownAlert, { alert }: Given): boolean =>
  before.state === alert.state && !isWaiting(before);

/** It goes on under a rule that asks for more, for example as critical. What is shown already is never taken back. */
function isRaised(before: KnownAlert, { alert, rule }: Given, rules: readonly Rule[]): boolean {
  if (alert.state === 'resolved' || ruled(asTold(before), rules).rule === rule) return false;
  return before.outcome === 'dropped' || (before.outcome === 'proposed' && rule?.do === 'declare');
}

interface Given extends Signal {
  readonly rule?: Rule;
  readonly groupKey: string;
  readonly before?: KnownAlert;
}

async function one(
  tx: Db,
  round: AlertRound,
  given: Given,
  by: string | undefined,
  now: Date,
): Promise<KnownAlert> {
  const { alert, before, ...signal } = given;
  const became = alert.state === 'firing' ? await decided(round, given) : left(before);
  if (isBeyondLimit(became) !== (before !== undefined && isBeyondLimit(before))) round.noteHeldBack();
  if (by === undefined && became.heldBack && before?.reason === became.reason) return before;
  // What it did in the group that it was in stays there.
  const moved = before?.proposal !== undefined && before.proposal !== became.proposal;
  const told = await remember(tx, moved ? { alert, ...signal } : given, became, by, now);
  round.changed(told);
  return told;
}

/** It keeps its place, but is not decided on again. */
function left(before: KnownAlert | undefined): Became {
  if (!before)
    return { outcome: 'dropped', reason: 'it was resolved before it was told to fire', heldBack: false };
  const { outcome, reason, proposal } = before;
  return { outcome, reason, heldBack: false, ...(proposal === undefined ? {} : { proposal }) };
}

async function decided(round: AlertRound, { alert, rule, groupKey, sighting }: Given): Promise<Became> {
  const incident = await round.incident(alert, groupKey);
  const silence = silenceFor(alert, round.silences, round.policy.silences, round.now);
  const verdict = await round.limited(
    judge(rule, { ...(incident === undefined ? {} : { incident }), ...(silence ? { silence } : {}) }),
    groupKey,
  );
  const proposal = await round.place(verdict, alert, groupKey, sighting);
  const { outcome, reason, heldBack = false } = verdict;
  return { outcome, reason, heldBack, ...(proposal === undefined ? {} : { proposal }) };
}

/** Writes it down: a new row, or the one that it goes on in. */
async function remember(
  tx: Db,
  { alert, before, groupKey }: Given,
  became: Became,
  by: string | undefined,
  now: Date,
): Promise<KnownAlert> {
  const { startsAt, endsAt, group: _, ...facts } = alert;
  const end = alert.state === 'resolved' ? { resolvedAt: endsAt ?? now } : {};
  const { proposal, ...verdict } = became;
  const place = proposal === undefined ? {} : { proposal };
  if (!before) {
    const first = { firstToldAt: now, lastToldAt: now, lastToldBy: by ?? '', told: 1, turns: [] };
    const id = await insertAlert(tx, alert, groupKey, became, first.lastToldBy, now);
    return { ...facts, ...end, ...first, ...verdict, ...place, id, groupKey, startedAt: startsAt ?? now };
  }
  const { resolvedAt: __, proposal: ___, ...kept } = before;
  const { told, lastToldAt, lastToldBy } = before;
  const after = {
    ...kept,
    ...facts,
    groupKey,
    ...end,
    ...verdict,
    ...place,
    turns: before.state === alert.state ? before.turns : turned(before.turns, now),
    ...(by === undefined
      ? { told, lastToldAt, lastToldBy }
      : {
          told: told + Number(alert.state === 'firing' && by !== lastToldBy),
          lastToldAt: now,
          lastToldBy: by,
        }),
  };
  await updateAlert(tx, after, became);
  return after;
}
