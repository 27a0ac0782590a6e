/** What a decision is made of: the state afterwards, what is written down, what Slack is told. */
import type { Effect } from './effects.ts';
import type { NewEntry } from './entry.ts';
import type { Actor, Incident } from './incident.ts';
import { formatUtc } from './when.ts';

export interface Timer {
  readonly key: string;
  readonly kind: 'escalation-due' | 'page-team';
  readonly dueAt: Date;
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface Decision {
  readonly ok: true;
  /** The incident as it is afterwards. */
  readonly incident: Incident;
  readonly entries: readonly NewEntry[];
  readonly effects: readonly Effect[];
  readonly timers: readonly Timer[];
}

export const decision = (
  incident: Incident,
  entries: readonly NewEntry[],
  effects: readonly Effect[],
  timers: readonly Timer[] = [],
): Decision => ({ ok: true, incident, entries, effects, timers });

/** When something was said and when it is decided: what was kept on disk, or left by a crash, is decided later. */
export interface Moment {
  /** People's words, decisions and milestones are dated by it. */
  readonly said: Date;
  /** What waits for somebody waits from here on. */
  readonly now: Date;
}

const LATE_MS = 60_000;

/** Whether it was said a minute before, or more: rights are read in between, so it is never said at once. */
export const isLate = ({ said, now }: Moment): boolean => now.getTime() - said.getTime() >= LATE_MS;

/** For those who read it late. */
export const saidLate = (moment: Moment): string =>
  isLate(moment) ? ` (said ${formatUtc(moment.said)})` : '';

export const entry = (
  at: Date,
  kind: NewEntry['kind'],
  actor: Actor,
  text: string,
  details?: NewEntry['details'],
): NewEntry => ({ at, kind, actor, text, ...(details ? { details } : {}) });

/** Says it in the incident's channel. */
export const say = (incident: Incident, text: string): Extract<Effect, { kind: 'say' }> => ({
  kind: 'say',
  to: { kind: 'incident', id: incident.id },
  text,
});

/** The same, with the head hash of the timeline at that moment. */
export const sayAnchored = (incident: Incident, text: string): Effect => ({
  ...say(incident, text),
  anchored: true,
});

/** Brings people into the incident's channel. */
export const invite = ({ id }: Incident, users: readonly string[]): Effect => ({
  kind: 'invite',
  incident: id,
  users,
});

export const card = ({ id }: Pick<Incident, 'id'>): Effect => ({
  kind: 'live',
  to: { kind: 'incident', id },
  subject: { kind: 'card', incident: id },
});

/** A private incident is announced nowhere. */
export const announcement = (incident: Pick<Incident, 'id' | 'private'>): readonly Effect[] =>
  incident.private
    ? []
    : [
        {
          kind: 'live',
          to: { kind: 'incidents-channel' },
          subject: { kind: 'announcement', incident: incident.id },
        },
      ];

/** Wherever severity, status and commander show. */
export const everywhere = (incident: Incident): readonly Effect[] => [
  { kind: 'topic', incident: incident.id },
  card(incident),
  ...announcement(incident),
];
