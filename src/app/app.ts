/** What the shells (Slack, terminal, monitors, jobs) may ask of Firebreak. Each call is one transaction. */

import type { AlertDelivery, AlertGroup, KnownAlert } from '../domain/alert.ts';
import type { Silence } from '../domain/alert-rules.ts';
import type { Change, ReportedChange } from '../domain/change.ts';
import type { ErrorReport } from '../domain/error-counts.ts';
import type { Figures } from '../domain/figures.ts';
import type { GuardSeen } from '../domain/guard.ts';
import type { Health } from '../domain/health.ts';
import type { Incident, Kind, Severity } from '../domain/incident.ts';
import type { Declaration, Intent, Roster } from '../domain/intents.ts';
import type { CapturedMigration } from '../domain/plan.ts';
import type { PartName } from '../domain/postmortem/parts.ts';
import type { Hold, IncidentRecord, Proposal, Sighting, WrittenPart } from '../domain/record.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Run } from '../domain/run.ts';
import type { Steering } from '../domain/run-steering.ts';
import type { Runbook } from '../domain/runbook.ts';
import type { Settings } from '../domain/settings.ts';
import type { CheckFacts } from '../domain/sweep.ts';
import type { Row } from '../domain/timeline.ts';
import type { AlertFilter } from '../store/alerts.ts';
import type { ChangeFilter } from '../store/changes.ts';
import type { CaseFilter } from '../store/figures.ts';
import type { IncidentFilter } from '../store/incidents.ts';
import type { HeardMessage, MarkWish } from './capture.ts';
import type { CorrectionWish } from './corrections.ts';
import type { HomeFacts } from './home.ts';
import type { NotDone } from './not-done.ts';
import type { OnCallLevel } from './on-call.ts';
import type { Redacted, RedactionWish } from './redactions.ts';
import type { PartWish } from './report.ts';
import type { AttachWish, SilenceWish } from './silences.ts';

/** What an act comes from. */
export interface Cause {
  /** The inbox row that it settles, in the same transaction. */
  readonly inboxKey?: string | undefined;
  /** When its person said it, where that may be earlier than now: people's words and decisions are dated by it. */
  readonly saidAt?: Date;
}

export interface DeclareWish {
  readonly by: string;
  readonly title: string;
  readonly severity: Severity;
  /** The proposal it answers; without it, the only open one of the last hour is taken. */
  readonly proposal?: number;
  /** `incident` unless told. */
  readonly kind?: Kind;
  readonly private?: boolean;
  /** A name of the configured services. */
  readonly service?: string;
  /** Though one that is probably the same is open. */
  readonly anyway?: boolean;
  /** The message it was declared from. */
  readonly source?: NonNullable<Declaration['source']>;
}

export interface EscalateWish {
  readonly by: string;
  readonly team: string;
  readonly reason?: string;
  /** Though the team is being paged already. */
  readonly again?: true;
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

/** One who is named for it lets the plan that waits pass alone; everybody in `approve` is paged. */
export interface GlassWish {
  readonly run: number;
  /** How the hash of the plan begins that they have read. */
  readonly plan: string;
  readonly by: string;
  readonly reason: string;
}

/** What somebody wants of a run that stands, or has ended without success. */
export interface SteerWish {
  readonly run: number;
  /** The step that they saw it stand at; what has moved on since is left alone. */
  readonly step?: number | undefined;
  readonly by: string;
  readonly what: Steering;
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
  /** What a target can be asked, in the order of use. */
  readonly checks: readonly CheckFacts[];
  readonly now: () => Date;
  /** By name. */
  readonly runbooks: ReadonlyMap<string, Runbook>;

  declare(
    wish: DeclareWish,
    cause?: Cause,
  ): Promise<{ ok: true; incident: Incident; proposal?: Proposal } | Refusal>;
  act(incident: number, intent: Intent, cause?: Cause): Promise<{ ok: true; incident: Incident } | Refusal>;
  /** Edits, strikes or restores an entry of the timeline. */
  correct(
    incident: number,
    wish: CorrectionWish,
    cause?: Cause,
  ): Promise<{ ok: true; incident: Incident } | Refusal>;
  /** Erases the words of an entry, wherever the store holds them. */
  redact(incident: number, wish: RedactionWish, cause?: Cause): Promise<({ ok: true } & Redacted) | Refusal>;
  /** One entry of the timeline, as it stands. */
  timelineRow(incident: number, seq: number): Promise<Row | Refusal>;
  /** The numbers of the entries that are no corrections, in their order. */
  timelineNumbers(incident: number): Promise<readonly number[]>;
  /** Pages the first level of a team; the next ones follow when nobody answers. */
  escalate(
    incident: number,
    wish: EscalateWish,
    cause?: Cause,
  ): Promise<{ ok: true; incident: Incident } | Refusal>;
  /** The wait of a level is over: pages the next one, unless somebody has answered. */
  escalationDue(incident: number, escalation: number, level: number, attempts?: number): Promise<void>;
  /** Closes an incident as the same as another one, and invites its followers there. */
  duplicate(
    incident: number,
    of: number,
    by: string,
    cause?: Cause,
  ): Promise<{ ok: true; incident: Incident } | Refusal>;
  /** Writes the postmortem as a file into the incident's channel. */
  postmortem(incident: number, by: string, cause?: Cause): Promise<{ ok: true } | Refusal>;
  /** Names of people by Slack user id, as far as they are known. */
  people(): Promise<Readonly<Record<string, string>>>;
  /** What people wrote into the postmortem so far. */
  parts(incident: number): Promise<readonly WrittenPart[]>;
  /** Writes parts of the postmortem, all or none; what somebody else has changed since is not overwritten. */
  writeParts(
    incident: number,
    by: string,
    wishes: readonly PartWish[],
    cause?: Cause,
  ): Promise<{ ok: true; written: readonly PartName[] } | (Refusal & { readonly part?: PartName })>;

  incident(id: number): Promise<Incident | undefined>;
  incidentOfChannel(channelId: string): Promise<number | undefined>;
  /** Those that the viewer may know of, newest first. */
  incidents(filter: IncidentFilter, viewer: string): Promise<readonly Incident[]>;
  /** Whether the viewer may know that it exists. */
  isVisible(incident: number, viewer: string): Promise<boolean>;
  /** Offers to catch up whoever has joined an incident's channel, but who declared it. */
  welcome(channelId: string, user: string, cause?: Cause): Promise<void>;
  /** What a person sees of their own in the App Home. */
  home(user: string): Promise<HomeFacts>;
  /** How long incidents took, of those that the viewer may know of. */
  figures(filter: CaseFilter, viewer: string): Promise<Figures>;
  /** How the bot itself is. */
  health(inboxKey?: string): Promise<Health>;
  /** Who is on call now and next, by team. */
  onCall(): Promise<Readonly<Record<string, readonly OnCallLevel[]>>>;
  /** Everything known of an incident: what views and exports are made from. */
  record(id: number): Promise<IncidentRecord | undefined>;

  /** A monitor's red period; undefined when it is held back, with the reason written down. */
  propose(wish: Sighting): Promise<number | undefined>;
  /** The same red period, now seen to be about the schema; a proposal that said so already stays as it is. */
  revise(proposal: number, seen: Sighting): Promise<boolean>;
  proposal(id: number): Promise<Proposal | undefined>;
  /** A monitor sees its target green again, or red once more; true when an open incident was told. */
  monitorTurned(monitor: string, proposal: number, state: 'green' | 'red', at: Date): Promise<boolean>;
  /** Another system's alerts; `known` when the same delivery was told before and has changed nothing. */
  alertsArrived(delivery: AlertDelivery): Promise<{ readonly known: boolean }>;
  /** Decides anew on alerts that were silenced, or beyond the hour's limit, and still fire. */
  reconsiderAlerts(): Promise<void>;
  /** What was told lately, and what became of it; the newest first. */
  alerts(filter: AlertFilter): Promise<readonly KnownAlert[]>;
  /** The alerts of a proposal, at most `limit` of them. */
  alertsOf(proposal: number, limit: number): Promise<AlertGroup>;
  /** Attaches what was proposed to an open incident. */
  attach(wish: AttachWish, cause?: Cause): Promise<{ ok: true } | Refusal>;
  /** The newest open incidents that something proposed may belong to, and that everybody may know of. */
  attachable(): Promise<readonly Incident[]>;
  silence(wish: SilenceWish, cause?: Cause): Promise<{ ok: true; silence: Silence } | Refusal>;
  endSilence(id: number, by: string, cause?: Cause): Promise<{ ok: true; silence: Silence } | Refusal>;
  /** Those that hold now, without those of firebreak.yml. */
  silences(): Promise<readonly Silence[]>;
  /** What is beyond the hour's limit of proposals. */
  heldBackAlerts(): Promise<{ readonly alerts: number; readonly groups: number; readonly since?: Date }>;
  /** A held migration is applied again: its incident is opened again if need be, and its team is paged; once. */
  heldIsBack(hold: Hold, appliedAt: Date | undefined): Promise<void>;
  /** Takes up what is new of a guarded deploy: entries, its incident, holds, and a run to approve; never acts. */
  guardSeen(target: string, guard: GuardSeen): Promise<void>;
  captured(target: string): Promise<readonly CapturedMigration[]>;
  capture(target: string, migrations: readonly CapturedMigration[]): Promise<void>;
  /** Keeps what was changed outside, and tells the open incidents that it touches; answers how many were new. */
  changed(changes: readonly ReportedChange[]): Promise<number>;
  /** Counts the errors that an application reports; false: a report of that id was counted before. */
  errorsReported(report: ErrorReport): Promise<boolean>;
  /** What was changed outside, newest first, at most `limit`. */
  changes(filter: ChangeFilter, limit: number): Promise<readonly Change[]>;

  /** Starts a runbook in an incident; its steps are done by the jobs. */
  startRun(wish: RunWish, cause?: Cause): Promise<{ ok: true; run: Run } | Refusal>;
  breakGlass(wish: GlassWish, cause?: Cause): Promise<{ ok: true; run: Run } | Refusal>;
  decideApproval(wish: ApprovalWish, cause?: Cause): Promise<{ ok: true; run: Run } | Refusal>;
  /** A person says what became of a step that nobody could find out. */
  settleUnknown(wish: WitnessWish, cause?: Cause): Promise<{ ok: true; run: Run } | Refusal>;
  /** Answers a step that waits for people, tries the broken one again, skips one, or cancels the run. */
  steer(wish: SteerWish, cause?: Cause): Promise<{ ok: true; run: Run } | Refusal>;
  run(id: number): Promise<Run | undefined>;
  /** Who is on call for a team now; undefined when there is no such team, or nobody. */
  roster(team: string): Promise<Roster | undefined>;

  /** A message of an incident's channel was said, edited or deleted. */
  heard(message: HeardMessage, cause?: Cause): Promise<void>;
  /** Somebody put a message on the timeline, or takes it back; without `respond` neither counts. */
  marked(mark: MarkWish, cause?: Cause): Promise<{ ok: true } | Refusal>;

  /** Remembers a person's name, for exports. */
  meet(userId: string, name: string): Promise<void>;
  /** Ends the delivery of what changed nothing; throws ALREADY_DONE where another instance has ended, and answered, it. */
  settle(cause: Cause): Promise<void>;
  /** Ends an inbox row as not done, and has its person told by a direct message; both, or neither. */
  endUndone(what: NotDone): Promise<void>;
}

/** What somebody is to Slack; `member` is a full member of this workspace who is not deactivated. */
export type Standing = 'member' | 'guest' | 'foreign' | 'bot' | 'deactivated' | 'unknown';

/** Who somebody is to Slack, read at the moment of the act. */
export interface Directory {
  standing(userId: string): Promise<Standing>;
  /** Members of a user group (`S…`). */
  groupMembers(groupId: string): Promise<readonly string[]>;
  /** Members of a channel that the bot is in. */
  channelMembers(channelId: string): Promise<readonly string[]>;
  /** Undefined: nobody here has that address. */
  userByEmail(email: string): Promise<string | undefined>;
  /** What it said within the last minute, for when it does not answer now. Never for what is dangerous. */
  readonly lately?: {
    standing(userId: string): Standing | undefined;
    groupMembers(groupId: string): readonly string[] | undefined;
  };
}
