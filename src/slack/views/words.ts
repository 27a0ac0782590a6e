/** How an incident, its people and its times are named in messages. */
import { isSlackUser } from '../../domain/actor.ts';
import type { Actor, Incident, Milestone, Status } from '../../domain/incident.ts';
import type { Policy } from '../../domain/policy.ts';
import { formatUtc } from '../../domain/when.ts';
import { code } from './text.ts';

/** From the worst severity on; those beyond share the last. */
const RANK_MARKS = [
  ':red_circle:',
  ':large_orange_circle:',
  ':large_yellow_circle:',
  ':large_blue_circle:',
  ':white_circle:',
] as const;

const ENDED_MARKS: Readonly<Partial<Record<Status, string>>> = {
  resolved: ':white_check_mark:',
  cancelled: ':heavy_minus_sign:',
};

/** The mark before an incident: its severity while it is open. */
export const mark = (
  { severity, status }: Pick<Incident, 'severity' | 'status'>,
  { severities }: Pick<Policy, 'severities'>,
): string => {
  const rank = severities.findIndex(({ name }) => name === severity);
  return ENDED_MARKS[status] ?? RANK_MARKS[rank] ?? ':white_circle:';
};

/** `SEV2` */
export const severityName = ({ severity }: Pick<Incident, 'severity'>): string => severity.toUpperCase();

/** What must not be taken for the real thing, or be told on: `DRILL`, `PRIVATE`. */
export const labels = ({ kind, private: hidden, duplicateOf }: Incident): string =>
  [
    ...(kind === 'incident' ? [] : [kind.toUpperCase()]),
    ...(hidden ? ['PRIVATE'] : []),
    ...(duplicateOf === undefined ? [] : [`DUPLICATE OF ${duplicateOf}`]),
  ].join(', ');

/** `Incident 3 (SEV2, investigating)`, with its labels before it. */
export function headOf(incident: Incident): string {
  const label = labels(incident);
  const head = `Incident ${incident.id} (${severityName(incident)}, ${incident.status})`;
  return label === '' ? head : `${label}: ${head}`;
}

/** Slack users as mentions, everybody else by name. */
export const who = (actor: Actor): string => (isSlackUser(actor) ? `<@${actor}>` : code(actor));

/** `2026-11-22 14:05:09 UTC` */
export const when = (at: Date): string => formatUtc(at);

/** A milestone's time, and that it was corrected. */
export const reached = ({ at, earlier }: Milestone): string =>
  earlier.length > 0 ? `${when(at)} (corrected)` : when(at);
