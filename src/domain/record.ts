/** Everything the bot knows about one incident: what the exports are made from. */

import type { KnownAlert } from './alert.ts';
import type { Change } from './change.ts';
import type { TimelineEntry } from './entry.ts';
import type { Actor, Incident } from './incident.ts';
import type { PartName } from './postmortem/parts.ts';
import type { Run } from './run.ts';
import type { AppliedMigration } from './sweep.ts';

/** What a monitor saw of a failing target, or another system told. */
export interface Sighting {
  /** The monitor, or the system that told. */
  readonly monitor: string;
  /** It is no monitor of ours, but another system. */
  readonly foreign?: true;
  /** Unknown where another system told. */
  readonly target?: string;
  readonly service?: string;
  readonly sqlstate?: string;
  readonly error: string;
  readonly relations: readonly string[];
  /** A migration applied within the hour before, if the history shows one. */
  readonly migration?: Pick<AppliedMigration, 'name' | 'appliedAt'>;
  readonly firstFailedAt: Date;
  /** The line of /incident, or the command, that helps with it. */
  readonly next?: string;
}

/** A group of alerts that was proposed as an incident, by its most telling sighting, and the incident it became. */
export interface Proposal extends Sighting {
  readonly id: number;
  /** What belongs to it: `service:checkout`. */
  readonly groupKey?: string;
  readonly detectedAt: Date;
  readonly incidentId?: number;
}

/** A migration that was rolled back and must not come back with the next deploy. */
export interface Hold {
  readonly target: string;
  readonly migration: string;
  readonly incidentId: number;
  /** The run that rolled it back; none when a guard did by itself. */
  readonly runId?: number;
  readonly since: Date;
  /** When it was seen to be applied again; people were told. */
  readonly returnedAt?: Date;
}

/** What somebody wrote into the postmortem, where only people can say. */
export interface WrittenPart {
  readonly part: PartName;
  readonly text: string;
  readonly by: Actor;
  readonly at: Date;
}

export interface IncidentRecord {
  readonly incident: Incident;
  /** In order of insertion; the exports sort by `at`, then `seq`. */
  readonly timeline: readonly TimelineEntry[];
  readonly runs: readonly Run[];
  readonly proposals: readonly Proposal[];
  readonly holds: readonly Hold[];
  /** What was reported to have changed around its beginning, newest first; also what the timeline does not tell. */
  readonly changes: readonly Change[];
  /** Of its proposals, in the order in which they were told; at most 200. */
  readonly alerts: readonly KnownAlert[];
  readonly parts: readonly WrittenPart[];
  /** Names of people by Slack user id; an id that is missing is printed as it is. */
  readonly people: Readonly<Record<string, string>>;
  /** Hash of the newest timeline entry. */
  readonly headHash: string;
}
