/** What a proposal says of failing probes: the error, the relations, and the migration that came just before. */

import type { Sighting } from '../domain/record.ts';
import { isSchemaMismatch } from '../domain/sqlstate.ts';
import type { AppliedMigration, ProbeResult } from '../domain/sweep.ts';
import type { MonitorSettings } from './contract.ts';

const MINUTE_MS = 60_000;
const SUSPECT_MINUTES = 60;
/** The target's clock and ours may differ by a little. */
const SKEW_MS = 5000;

/** Sums up the failing probes of a red period; `failing` holds at least one. */
export function suspect(
  settings: MonitorSettings,
  failing: readonly ProbeResult[],
  migrations: readonly AppliedMigration[],
  firstFailedAt: Date,
): Sighting {
  // Class 42 is a schema that does not fit the query, so it says more than a timeout beside it.
  const telling = failing.find(({ sqlstate }) => isSchemaMismatch(sqlstate)) ?? failing[0];
  const migration = newestBefore(migrations, firstFailedAt);
  return {
    monitor: settings.name,
    target: settings.target,
    ...(settings.service === undefined ? {} : { service: settings.service }),
    ...(telling?.sqlstate === undefined ? {} : { sqlstate: telling.sqlstate }),
    error: telling?.error ?? `probe ${telling?.name ?? ''} failed`,
    relations: [...new Set(failing.flatMap(relationsOf))],
    ...(migration ? { migration } : {}),
    firstFailedAt,
  };
}

/** The relation that the error names, else those of the probe's SQL. */
function relationsOf({ error, relations }: ProbeResult): readonly string[] {
  const named = /relation "([^"]+)"/.exec(error ?? '')?.[1];
  return named === undefined ? relations : [named];
}

/** The newest migration of the hour before; none whose time is unknown: a guess would send people the wrong way. */
function newestBefore(
  migrations: readonly AppliedMigration[],
  moment: Date,
): Sighting['migration'] | undefined {
  const earliest = moment.getTime() - SUSPECT_MINUTES * MINUTE_MS;
  const latest = moment.getTime() + SKEW_MS;
  return migrations
    .flatMap(({ name, appliedAt }) => (appliedAt ? [{ name, appliedAt }] : []))
    .filter(({ appliedAt }) => appliedAt.getTime() >= earliest && appliedAt.getTime() <= latest)
    .sort((a, b) => b.appliedAt.getTime() - a.appliedAt.getTime())[0];
}
