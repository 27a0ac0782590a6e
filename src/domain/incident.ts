/** What an incident is: its state, severities, roles and milestones. Names follow PagerDuty's guide. */

export const STATUSES = ['investigating', 'identified', 'mitigated', 'resolved', 'cancelled'] as const;
export type Status = (typeof STATUSES)[number];

export const SEVERITIES = ['sev1', 'sev2', 'sev3', 'sev4', 'sev5'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What a severity means, for `help severity` and the card. */
export const SEVERITY_MEANINGS: Readonly<Record<Severity, string>> = {
  sev1: 'critical: most users cannot use the product, or data is at risk',
  sev2: 'critical for many users, or a main function is down',
  sev3: 'minor impact on users, or close to becoming major',
  sev4: 'minor, does not need attention at night',
  sev5: 'cosmetic',
};

export const ROLES = [
  'commander',
  'deputy',
  'scribe',
  'customer-liaison',
  'internal-liaison',
  'expert',
] as const;
export type Role = (typeof ROLES)[number];

export const ROLE_TITLES: Readonly<Record<Role, string>> = {
  commander: 'Incident commander',
  deputy: 'Deputy',
  scribe: 'Scribe',
  'customer-liaison': 'Customer liaison',
  'internal-liaison': 'Internal liaison',
  expert: 'Subject matter expert',
};

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
}

export interface Page {
  /** Number within the incident, from 1. */
  readonly number: number;
  readonly team: string;
  readonly user: string;
  readonly reason?: string;
  readonly requestedBy: Actor;
  readonly at: Date;
  /** The channel was told that nobody answers. */
  readonly told?: true;
  readonly answer?: { readonly kind: 'acknowledged' | 'declined'; readonly by: Actor; readonly at: Date };
}

export interface Incident {
  readonly id: number;
  readonly title: string;
  readonly severity: Severity;
  readonly status: Status;
  readonly declaredBy: Actor;
  readonly declaredAt: Date;
  /** Absent until Slack has made the channel. */
  readonly channelId?: string;
  readonly roles: Readonly<Partial<Record<Role, string>>>;
  readonly milestones: Readonly<Partial<Record<MilestoneName, Milestone>>>;
  readonly actionItems: readonly ActionItem[];
  readonly pages: readonly Page[];
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
