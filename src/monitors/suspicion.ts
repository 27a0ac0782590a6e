/** What a proposal says of the symptoms: the most telling one, the relations, and the migration that came just before. */
import type { Sighting } from '../domain/record.ts';
import { tellingOf } from '../domain/sighting.ts';
import { mayComeOfMigration, speak } from '../domain/sqlstate.ts';
import type { AppliedMigration } from '../domain/sweep.ts';
import type { MonitorSettings } from './contract.ts';
import type { Symptom } from './look.ts';

const MINUTE_MS = 60_000;
const SUSPECT_MINUTES = 60;
/** The target's clock and ours may differ by a little. */
const SKEW_MS = 5000;

/** Sums up the symptoms of a red period; `symptoms` holds at least one. */
export function suspect(
  settings: MonitorSettings,
  symptoms: readonly Symptom[],
  migrations: readonly AppliedMigration[],
  { firstFailedAt, seenAt }: { readonly firstFailedAt: Date; readonly seenAt: Date },
): Sighting {
  const { target } = settings;
  const telling = mostTelling(symptoms);
  const migration = newestOf(migrations, firstFailedAt, seenAt);
  const next = telling && nextOf(telling, target ?? settings.name, migration?.name);
  return {
    monitor: settings.name,
    ...(target === undefined ? {} : { target }),
    ...(settings.service === undefined ? {} : { service: settings.service }),
    ...(telling?.sqlstate === undefined ? {} : { sqlstate: telling.sqlstate }),
    error: telling?.error ?? 'nothing answers',
    relations: [...new Set(symptoms.flatMap(relationsOf))],
    ...(migration ? { migration } : {}),
    firstFailedAt,
    ...(next === undefined ? {} : { next }),
  };
}

/** The rollback of the migration that is suspected, else what the look says, else what the code is about. */
function nextOf(symptom: Symptom, target: string, migration: string | undefined): string | undefined {
  const { sqlstate, next } = symptom;
  if (sqlstate === undefined) return next;
  const relations = relationsOf(symptom);
  if (migration !== undefined && mayComeOfMigration(sqlstate, relations))
    return speak(sqlstate, { target, relations, migration }).next;
  return next ?? speak(sqlstate, { target, relations }).next;
}

/** What a monitor watches, for people: its target, or the host of its page. */
export const watchedBy = ({ target, look, name }: MonitorSettings): string =>
  target ?? (look.kind === 'http' ? new URL(look.url).host : name);

/** The first of the most telling ones. */
export const mostTelling = (symptoms: readonly Symptom[]): Symptom | undefined =>
  [...symptoms].sort((a, b) => tellingOf(b) - tellingOf(a))[0];

/** The relation that the error itself names (no example of many errors does), else those that the symptom is about. */
function relationsOf({ error, relations }: Symptom): readonly string[] {
  const named = /^relation "([^"]+)"/.exec(error)?.[1];
  return named === undefined ? relations : [named];
}

/**
 * The newest migration from the hour before the first failure on; some tools note the time when they end, after the lock
 * that was seen first. None whose time is unknown: a guess would send people the wrong way.
 */
function newestOf(
  migrations: readonly AppliedMigration[],
  firstFailedAt: Date,
  seenAt: Date,
): Sighting['migration'] | undefined {
  const earliest = firstFailedAt.getTime() - SUSPECT_MINUTES * MINUTE_MS;
  const latest = seenAt.getTime() + SKEW_MS;
  return migrations
    .flatMap(({ name, appliedAt }) => (appliedAt ? [{ name, appliedAt }] : []))
    .filter(({ appliedAt }) => appliedAt.getTime() >= earliest && appliedAt.getTime() <= latest)
    .sort((a, b) => b.appliedAt.getTime() - a.appliedAt.getTime())[0];
}
