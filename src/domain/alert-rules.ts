/** What is done with an alert: the rules, silences and limits of firebreak.yml and of people, decided without I/O. */
import { DateTime } from 'luxon';
import { type Alert, groupKeyOf, type Outcome } from './alert.ts';

/** `source`, `service`, `target`, `severity`, `title` or a label, and what it may be; `*` stands for anything. */
export type Match = Readonly<Record<string, readonly string[]>>;

export const RULE_ACTIONS = ['attach', 'propose', 'declare', 'drop'] as const;
export type RuleAction = (typeof RULE_ACTIONS)[number];

/** The first rule that matches and says what to do decides; a service that a rule gives holds for the later ones. */
export interface Rule {
  readonly match: Match;
  readonly do?: RuleAction;
  /** Given to what it matches, when the source named none, or when it matches by the name that the source gave. */
  readonly service?: string;
  /** Of the incident that is declared. */
  readonly severity?: string;
}

/** A silence that comes back, by the clocks of a zone: `02:00` to `04:00`, on these days (1 is Monday) or on all. */
export interface SilenceWindow {
  readonly match: Match;
  readonly from: string;
  readonly to: string;
  readonly days?: readonly number[];
  readonly timezone: string;
  readonly reason: string;
}

/** A silence that somebody set: maintenance, or trouble that is known. */
export interface Silence {
  readonly id: number;
  readonly match: Match;
  readonly until: Date;
  readonly reason: string;
  readonly by: string;
}

/** What firebreak.yml says about alerts. */
export interface AlertPolicy {
  readonly rules: readonly Rule[];
  readonly silences: readonly SilenceWindow[];
  /** More are held back, listed, and proposed later if they still fire. */
  readonly proposalsPerHour: number;
}

/** Until firebreak.yml says otherwise. */
export const DEFAULT_ALERT_POLICY: AlertPolicy = { rules: [], silences: [], proposalsPerHour: 10 };

/** What is known at the moment of the decision. */
export interface Situation {
  readonly silence?: { readonly reason: string };
  /** The open incident of its service or target. */
  readonly incident?: number;
}

export interface Verdict {
  readonly outcome: Outcome;
  readonly reason: string;
  readonly incident?: number;
  readonly severity?: string;
  readonly heldBack?: true;
}

/** The alert with the service that rules give it, and the rule that decides. */
export function ruled(alert: Alert, rules: readonly Rule[]): { readonly alert: Alert; readonly rule?: Rule } {
  let given = alert;
  for (const rule of rules) {
    if (!matches(rule.match, given)) continue;
    if (rule.service !== undefined && (given.service === undefined || 'service' in rule.match))
      given = { ...given, service: rule.service };
    if (rule.do !== undefined) return { alert: given, rule };
  }
  return { alert: given };
}

/** Decides on an alert that fires, as if there were no limit. */
export function judge(rule: Rule | undefined, { silence, incident }: Situation): Verdict {
  const why = rule === undefined ? 'no rule says otherwise' : `the rule for ${matchText(rule.match)}`;
  if (silence) return { outcome: 'silenced', reason: silence.reason, heldBack: true };
  if (rule?.do === 'drop') return { outcome: 'dropped', reason: why };
  if (incident !== undefined && rule?.do !== 'propose')
    return { outcome: 'attached', incident, reason: `incident ${incident} is open for it` };
  if (rule?.do === 'attach') return { outcome: 'dropped', reason: `no incident is open for it; ${why}` };
  if (rule?.do === 'declare')
    return {
      outcome: 'declared',
      reason: why,
      ...(rule.severity === undefined ? {} : { severity: rule.severity }),
    };
  return { outcome: 'proposed', reason: why };
}

/** What would be one proposal too many. */
export const beyondLimit = ({ proposalsPerHour }: AlertPolicy): Verdict => ({
  outcome: 'dropped',
  reason: `held back: ${proposalsPerHour} proposals were made within the hour`,
  heldBack: true,
});

/** Whether each named property is one of what it may be. */
const matches = (match: Match, alert: Alert): boolean =>
  Object.entries(match).every(([name, wanted]) => {
    const found = propertyOf(alert, name);
    return found !== undefined && wanted.some((pattern) => isLike(pattern, found));
  });

/** The first silence that holds now. */
export function silenceFor(
  alert: Alert,
  silences: readonly Silence[],
  windows: readonly SilenceWindow[],
  now: Date,
): { readonly reason: string } | undefined {
  const set = silences.find(({ until, match }) => until > now && matches(match, alert));
  if (set) return { reason: `silence ${set.id} by ${set.by}: ${set.reason}` };
  const window = windows.find((it) => isWithin(it, now) && matches(it.match, alert));
  return window && { reason: `silent from ${window.from} to ${window.to}: ${window.reason}` };
}

/** `service checkout, severity info or none` */
export const matchText = (match: Match): string =>
  Object.entries(match)
    .map(([name, wanted]) => `${name} ${wanted.join(' or ')}`)
    .join(', ') || 'everything';

function propertyOf(alert: Alert, name: string): string | undefined {
  switch (name) {
    case 'source':
    case 'service':
    case 'target':
    case 'severity':
    case 'title':
      return alert[name] ?? alert.labels[name];
    case 'group':
      return groupKeyOf(alert);
    default:
      return alert.labels[name];
  }
}

/** The parts between the stars, in their order; no regular expression of a stranger's making. */
function isLike(pattern: string, found: string): boolean {
  const [first = '', ...rest] = pattern.toLowerCase().split('*');
  const text = found.toLowerCase();
  if (rest.length === 0) return text === first;
  if (!text.startsWith(first)) return false;
  const last = rest.pop() ?? '';
  let at = first.length;
  for (const part of rest) {
    const next = text.indexOf(part, at);
    if (next < 0) return false;
    at = next + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

/** One over midnight belongs to the day on which it begins. */
function isWithin({ from, to, days, timezone }: SilenceWindow, now: Date): boolean {
  const local = DateTime.fromJSDate(now, { zone: timezone });
  const clock = local.toFormat('HH:mm');
  const overnight = to <= from;
  if (overnight ? clock >= to && clock < from : clock < from || clock >= to) return false;
  const begun = overnight && clock < to ? local.minus({ days: 1 }) : local;
  return days === undefined || days.includes(begun.weekday);
}
