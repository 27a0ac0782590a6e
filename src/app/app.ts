/** What the shells (Slack, terminal, monitors, jobs) may ask of Firebreak. Each call is one transaction. */

import type { Incident, Severity } from '../domain/incident.ts';
import type { Intent } from '../domain/intents.ts';
import type { CapturedMigration } from '../domain/plan.ts';
import type { IncidentRecord, Proposal, Sighting } from '../domain/record.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Run } from '../domain/run.ts';
import type { Settings } from '../domain/settings.ts';

/** The inbox row that this act settles, in the same transaction. */
export interface Cause {
  readonly inboxKey?: string | undefined;
}

export interface DeclareWish {
  readonly by: string;
  readonly title: string;
  readonly severity: Severity;
  /** The proposal it answers; without it, the only open one of the last hour is taken. */
  readonly proposal?: number;
}

export interface RunWish {
  readonly incident: number;
  readonly runbook: string;
  readonly params: Readonly<Record<string, string>>;
  readonly by: string;
}

export interface ApprovalWish {
  readonly run: number;
  readonly step: number;
  readonly planHash: string;
  readonly by: string;
  readonly decision: 'approved' | 'refused';
}

/** What a person found out about a step whose outcome is unknown. */
export interface WitnessWish {
  readonly run: number;
  readonly step: number;
  readonly by: string;
  readonly happened: 'committed' | 'aborted';
  /** How they know. */
  readonly note: string;
}

export interface App {
  readonly settings: Settings;
  readonly now: () => Date;

  declare(
    wish: DeclareWish,
    cause?: Cause,
  ): Promise<{ ok: true; incident: Incident; proposal?: Proposal } | Refusal>;
  act(incident: number, intent: Intent, cause?: Cause): Promise<{ ok: true; incident: Incident } | Refusal>;
  /** Writes the postmortem as a file into the incident's channel. */
  postmortem(incident: number, by: string, cause?: Cause): Promise<{ ok: true } | Refusal>;

  incident(id: number): Promise<Incident | undefined>;
  incidentOfChannel(channelId: string): Promise<number | undefined>;
  incidents(filter: 'open' | 'all'): Promise<readonly Incident[]>;
  /** Everything known of an incident: what views and exports are made from. */
  record(id: number): Promise<IncidentRecord | undefined>;

  propose(wish: Sighting): Promise<number>;
  /** The same red period, now seen to be about the schema; a proposal that said so already stays as it is. */
  revise(proposal: number, seen: Sighting): Promise<void>;
  proposal(id: number): Promise<Proposal | undefined>;
  /** A monitor sees its target green again, or red once more; true when an open incident was told. */
  probesTurned(proposal: number, state: 'green' | 'red', at: Date): Promise<boolean>;
  captured(target: string): Promise<readonly CapturedMigration[]>;
  capture(target: string, migrations: readonly CapturedMigration[]): Promise<void>;

  /** Starts a runbook in an incident; its steps are done by the jobs. */
  startRun(wish: RunWish, cause?: Cause): Promise<{ ok: true; run: Run } | Refusal>;
  decideApproval(wish: ApprovalWish, cause?: Cause): Promise<{ ok: true; run: Run } | Refusal>;
  /** A person says what became of a step that nobody could find out. */
  settleUnknown(wish: WitnessWish, cause?: Cause): Promise<{ ok: true; run: Run } | Refusal>;
  run(id: number): Promise<Run | undefined>;

  /** Remembers a person's name, for exports. */
  meet(userId: string, name: string): Promise<void>;
  /** Settles an inbox row that changed nothing. */
  settle(cause: Cause): Promise<void>;
}

/** Who somebody is to Slack, read at the moment of the act. */
export interface Directory {
  /** `member` is a full member of this workspace who is not deactivated. */
  standing(userId: string): Promise<'member' | 'guest' | 'foreign' | 'bot' | 'deactivated' | 'unknown'>;
  /** Members of a user group (`S…`). */
  groupMembers(groupId: string): Promise<readonly string[]>;
}
