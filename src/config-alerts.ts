/** What firebreak.yml says about alerts: rules, times of silence, and how many proposals an hour may bring. */
import type { ConfigFile } from './config-file.ts';
import { type AlertPolicy, DEFAULT_ALERT_POLICY } from './domain/alert-rules.ts';
import { DEFAULT_SEVERITIES } from './domain/policy.ts';
import type { Mistake } from './yaml.ts';

/** Rules that can do nothing: a severity or a service that is not there. */
export function alertMistakes({ rules, services, severities }: ConfigFile): readonly Mistake[] {
  const levels = severities ? Object.keys(severities) : DEFAULT_SEVERITIES.map(({ name }) => name);
  return rules.flatMap(({ service, severity }, index) => [
    ...stranger(['rules', index, 'service'], service, Object.keys(services), 'services'),
    ...stranger(['rules', index, 'severity'], severity, levels, 'severities'),
  ]);
}

/** Of a file in which `alertMistakes` found none. */
export const alertsOf = ({ rules, silences, noise, timezone }: ConfigFile): AlertPolicy => ({
  rules: rules.map(({ match, do: action, service, severity }) => ({
    match,
    ...(action === undefined ? {} : { do: action }),
    ...(service === undefined ? {} : { service }),
    ...(severity === undefined ? {} : { severity }),
  })),
  silences: silences.map(({ match, from, to, days, timezone: own, reason }) => ({
    match,
    from,
    to,
    timezone: own ?? timezone,
    reason,
    ...(days === undefined ? {} : { days: days.map((day) => DAYS.indexOf(day) + 1) }),
  })),
  proposalsPerHour: noise.proposals_per_hour ?? DEFAULT_ALERT_POLICY.proposalsPerHour,
});

const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

function stranger(
  path: Mistake['path'],
  found: string | undefined,
  known: readonly string[],
  what: string,
): readonly Mistake[] {
  if (found === undefined || known.includes(found)) return [];
  return [{ path, found, expected: `one of ${known.join(', ') || `(no ${what})`}` }];
}
