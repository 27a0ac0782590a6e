/** Alerts: what monitors and other systems tell, and what became of it. */

export interface Alert {
  /** The file's name in `src/alerts/sources`, for example `alertmanager`; `monitor` for our own. */
  readonly source: string;
  /** The same trouble has the same one within its source, firing or resolved. */
  readonly fingerprint: string;
  readonly state: 'firing' | 'resolved';
  readonly title: string;
  readonly text?: string;
  /** What the source calls its severity or priority, in lower case. */
  readonly severity?: string;
  /** As the source names it; rules may give another. */
  readonly service?: string;
  /** A target of firebreak.yml: only our own monitors know it. */
  readonly target?: string;
  /** What rules match and groups are made by. */
  readonly labels: Readonly<Record<string, string>>;
  /** What its source groups it by; alerts of one service are one group in any case. */
  readonly group?: string;
  readonly startsAt?: Date;
  readonly endsAt?: Date;
  /** Where a person reads more. */
  readonly link?: string;
}

/** One request of a source, authenticated and read. */
export interface AlertDelivery {
  readonly source: string;
  /** Names the delivery: the same one counts once. */
  readonly key: string;
  /** The key is the source's own id of the delivery, else the SHA-256 of the body: then the same may be told anew later. */
  readonly hasId: boolean;
  readonly alerts: readonly Alert[];
}

/** `proposed`: in a message with buttons; `attached`: to an open incident; `declared`: with an incident of its own. */
export const OUTCOMES = ['proposed', 'attached', 'declared', 'silenced', 'dropped'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** An alert as it is remembered. */
export interface KnownAlert extends Omit<Alert, 'startsAt' | 'endsAt' | 'group'> {
  readonly id: number;
  readonly groupKey: string;
  readonly startedAt: Date;
  readonly resolvedAt?: Date;
  readonly firstToldAt: Date;
  readonly lastToldAt: Date;
  readonly lastToldBy: string;
  /** How often its source told the same. */
  readonly told: number;
  /** When it last went from firing to resolved or back, the newest first. */
  readonly turns: readonly Date[];
  readonly outcome: Outcome;
  /** Why, in words. */
  readonly reason: string;
  /** Decided again by itself once that is possible: silenced for a while, or beyond the hour's limit. */
  readonly heldBack: boolean;
  readonly proposal?: number;
  readonly incident?: number;
}

/** The alerts of one group: the newest of them, and how many there are. */
export interface AlertGroup {
  readonly firing: number;
  readonly resolved: number;
  /** Firing first, then the newest; at most as many as were asked for. */
  readonly alerts: readonly KnownAlert[];
}

/** As its source told it. */
export const asTold = (known: KnownAlert): Alert => ({
  ...known,
  startsAt: known.startedAt,
  // Its key begins with the source, unless its service or its target is the group.
  group: known.groupKey.slice(known.source.length + 1),
});

/** Held back only because the hour has had its proposals. */
export const isBeyondLimit = ({ outcome, heldBack }: Pick<KnownAlert, 'outcome' | 'heldBack'>): boolean =>
  heldBack && outcome === 'dropped';

/** Under which a monitor's own alert is remembered. */
export const monitorFingerprint = (monitor: string): string => `monitor:${monitor}`;

const MINUTE_MS = 60_000;
/** One that fires again so soon after it was resolved is the same trouble. */
const SAME_WITHIN_MS = 30 * MINUTE_MS;
/** So many turns within the half hour are flapping: it fired and was resolved twice, and fires again. */
const FLAPPING_TURNS = 4;
/** More are not kept. */
const TURNS_KEPT = 50;

/** Whether a told alert is the same trouble as the remembered one: it goes on, is still over, or is soon back. */
export const isSame = (before: KnownAlert, { state }: Pick<Alert, 'state'>, now: Date): boolean =>
  before.state === 'firing' ||
  state === 'resolved' ||
  now.getTime() - (before.resolvedAt ?? before.lastToldAt).getTime() < SAME_WITHIN_MS;

/** How often it turned within the half hour before. */
export const turnsLately = ({ turns }: Pick<KnownAlert, 'turns'>, now: Date): number =>
  turns.filter((turn) => now.getTime() - turn.getTime() < SAME_WITHIN_MS).length;

/** Whether it goes to and fro: then its turns are counted, and not told one by one. */
export const isFlapping = (alert: Pick<KnownAlert, 'turns'>, now: Date): boolean =>
  turnsLately(alert, now) >= FLAPPING_TURNS;

/** Whether its last turn began that, and is told; those that follow are counted only. */
export const beginsToFlap = ({ turns }: Pick<KnownAlert, 'turns'>, now: Date): boolean =>
  isFlapping({ turns }, now) && !isFlapping({ turns: turns.slice(1) }, now);

/** With one more turn. */
export const turned = (turns: readonly Date[], at: Date): readonly Date[] =>
  [at, ...turns].slice(0, TURNS_KEPT);

/** What belongs together, over all sources: a service, else a target, else what the source groups by. */
export function groupKeyOf({ source, service, target, group, labels, title }: Alert): string {
  if (service !== undefined) return `service:${service}`;
  if (target !== undefined) return `target:${target}`;
  return `${source}:${group ?? labels['alertname'] ?? title}`.slice(0, 500);
}
