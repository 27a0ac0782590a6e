/** How an incident, its people and its times are named in messages. */
import { isSlackUser } from '../../domain/actor.ts';
import type { Actor, Incident, Milestone, Status } from '../../domain/incident.ts';
import { formatUtc } from '../../domain/when.ts';
import { code } from './text.ts';

const SEVERITY_MARKS: Readonly<Record<Incident['severity'], string>> = {
  sev1: ':red_circle:',
  sev2: ':large_orange_circle:',
  sev3: ':large_yellow_circle:',
  sev4: ':large_blue_circle:',
  sev5: ':white_circle:',
};

const ENDED_MARKS: Readonly<Partial<Record<Status, string>>> = {
  resolved: ':white_check_mark:',
  cancelled: ':heavy_minus_sign:',
};

/** The mark before an incident: its severity while it is open. */
export const mark = ({ severity, status }: Incident): string =>
  ENDED_MARKS[status] ?? SEVERITY_MARKS[severity];

/** `SEV2` */
export const severityName = ({ severity }: Incident): string => severity.toUpperCase();

/** Slack users as mentions, everybody else by name. */
export const who = (actor: Actor): string => (isSlackUser(actor) ? `<@${actor}>` : code(actor));

/** `2026-11-22 14:05:09 UTC` */
export const when = (at: Date): string => formatUtc(at);

/** A milestone's time, and that it was corrected. */
export const reached = ({ at, earlier }: Milestone): string =>
  earlier.length > 0 ? `${when(at)} (corrected)` : when(at);
