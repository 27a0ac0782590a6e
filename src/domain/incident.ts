/** What an incident is: its state, roles, milestones, pages. Names follow PagerDuty's guide. */
import type { Reminders } from './reminders.ts';
import type { PageWay } from './team.ts';

export const STATUSES = ['investigating', 'identified', 'mitigated', 'resolved', 'cancelled'] as const;
export type Status = (typeof STATUSES)[number];

/** A name of the configured severities; `sev1` to `sev5` unless told. */
export type Severity = string;

/** A name of the configured roles; `commander` is always one of them. */
export type Role = string;

/** A drill is played, a retrospective incident is written down after it is over; both stand out everywhere. */
export const KINDS = ['incident', 'drill', 'retrospective'] as const;
export type Kind = (typeof KINDS)[number];

/** What people say of an incident in a line each; they feed the postmortem. */
export const ACCOUNTS = ['impact', 'summary', 'cause', 'fix'] as const;
export type Account = (typeof ACCOUNTS)[number];

export const MILESTONES = [
  'impact_started',
  'detected',
  'declared',
  'acknowledged',
  'mitigated',
  'resolved',
  'impact_ended',
] as const;
export type MilestoneName = (typeof MILESTONES)[number];

/**
 * Who did something: a Slack user id (`U…`, `W…`), `terminal:<user>@<host>`, `monitor:<name>`, `policy`,
 * or `firebreak` for what the bot did by itself.
 */
export type Actor = string;

export interface Milestone {
  readonly at: Date;
  readonly by: Actor;
  readonly recordedAt: Date;
  /** Values it had before it was corrected, oldest first. */
  readonly earlier: readonly { readonly at: Date; readonly by: Actor; readonly recordedAt: Date }[];
}

export interface ActionItem {
  /** Number within the incident, from 1. */
  readonly number: number;
  readonly text: string;
  readonly owner?: Actor;
  /** Calendar day, `YYYY-MM-DD`. */
  readonly due?: string;
  readonly done: boolean;
  readonly createdBy: Actor;
  /** Calendar day on which it was last reminded of, or got its deadline: of what was due until then nobody is reminded. */
  readonly quietUntil?: string;
  /** The newest reminder, while it asks for something: the day it was said, and to whom; without one, to the channel. */
  readonly reminder?: { readonly on: string; readonly to?: Actor };
  /** Where a tracker keeps it. */
  readonly issue?: TrackedIssue;
}

export interface TrackedIssue {
  readonly number: number;
  readonly url: string;
}

/** A team that is asked for help, level after level until somebody acknowledges. */
export interface Escalation {
  /** Number within the incident, from 1. */
  readonly number: number;
  readonly team: string;
  readonly reason?: string;
  readonly requestedBy: Actor;
  readonly at: Date;
  /** The level that was paged last, from 1; and since when. */
  readonly level: number;
  readonly levelAt: Date;
  readonly waitSeconds: number;
  readonly ways: readonly PageWay[];
  /** `exhausted`: the last level did not answer. `stopped`: the incident ended first. */
  readonly state: 'paging' | 'acknowledged' | 'exhausted' | 'stopped';
}

/** One person who was paged, by direct message. */
export interface Page {
  /** Number within the incident, from 1. */
  readonly number: number;
  /** The escalation it belongs to, and the level of it. */
  readonly escalation: number;
  readonly level: number;
  readonly team: string;
  readonly user: string;
  readonly reason?: string;
  readonly requestedBy: Actor;
  readonly at: Date;
  /** Why it could not be sent. */
  readonly unsent?: string;
  readonly answer?: { readonly kind: 'acknowledged' | 'declined'; readonly by: Actor; readonly at: Date };
}

export interface Incident {
  readonly id: number;
  readonly kind: Kind;
  /** Only members of its channel, and those named, see that it exists. */
  readonly private: boolean;
  readonly title: string;
  readonly severity: Severity;
  readonly status: Status;
  /** When the status became this. */
  readonly statusSince: Date;
  readonly declaredBy: Actor;
  readonly declaredAt: Date;
  /** A name of the configured services. */
  readonly service?: string;
  /** Absent until Slack has made the channel. */
  readonly channelId?: string;
  readonly archived?: true;
  /** The incident it turned out to be the same as. */
  readonly duplicateOf?: number;
  readonly accounts: Readonly<Partial<Record<Account, string>>>;
  readonly lastUpdate?: { readonly at: Date; readonly by: Actor; readonly text: string };
  /** When the postmortem was last exported. */
  readonly postmortemAt?: Date;
  readonly roles: Readonly<Partial<Record<Role, string>>>;
  readonly milestones: Readonly<Partial<Record<MilestoneName, Milestone>>>;
  readonly actionItems: readonly ActionItem[];
  readonly escalations: readonly Escalation[];
  readonly pages: readonly Page[];
  /** Numbers of the timeline's entries that are left out of the export, in their order. */
  readonly leftOut: readonly number[];
  readonly reminders: Reminders;
}

/** `inc-<number>-<slug of the title>`, within Slack's 80 characters of a-z 0-9 - _. */
export function channelName(id: number, title: string): string {
  const slug = withoutMarkup(title)
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return `inc-${id}-${slug}`.slice(0, 80).replace(/-+$/, '');
}

/** Slack sends `&` as `&amp;`, and people, channels and links as `<target|label>`: a label stays, a bare target goes. */
const withoutMarkup = (text: string): string =>
  text.replace(/<(?:[@#!]|https?:|mailto:)[^<>|]*(?:\|([^<>]*))?>/g, ' $1 ').replace(/&(?:amp|lt|gt);/g, ' ');

/** Open incidents are worked on; resolved and cancelled ones only move again by `reopen`. */
export const isOpen = (incident: Pick<Incident, 'status'>): boolean =>
  incident.status !== 'resolved' && incident.status !== 'cancelled';
