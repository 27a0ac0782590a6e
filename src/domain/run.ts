/** A run of a runbook: its steps, their journal, and the approval a dangerous step needs. */
import type { Actor } from './incident.ts';
import type { ActionOutcome, Plan, TransactionTrace } from './plan.ts';

/** After a crash: `read` runs again, `change` is resumed under its effect id, `dangerous` is never re-run blindly. */
export type Risk = 'read' | 'change' | 'dangerous';

export const RUN_STATES = [
  'running',
  'waiting',
  'awaiting_approval',
  'done',
  'stopped',
  'failed',
  'unknown',
  'cancelled',
] as const;
export type RunState = (typeof RUN_STATES)[number];

export const STEP_STATES = [
  'pending',
  'planning',
  'awaiting_approval',
  'running',
  'waiting',
  'done',
  'stopped',
  'failed',
  'skipped',
  'not_reached',
  'unknown',
] as const;
export type StepState = (typeof STEP_STATES)[number];

/** What a step does about time and failure; the worker keeps it. */
export interface StepPolicy {
  /** A `read` or `change` step that takes longer has failed. Milliseconds. */
  readonly timeoutMs?: number;
  /** A `read` or `change` step that failed is tried again so often, so long after. A dangerous one never is. */
  readonly retry?: { readonly times: number; readonly waitMs: number };
  /** `stop`, unless told: the run ends. `continue`: the failure is told, and the next step follows. */
  readonly onFailure?: 'stop' | 'continue';
}

/** What must have become of an earlier step, by its index. `failed` is also one that was stopped. */
export interface StepCondition {
  readonly step: number;
  readonly is: 'done' | 'failed' | 'skipped';
}

/** For what a step waits: its time, somebody with `respond`, or an approver who did not ask for the run. */
export type WaitsFor = 'time' | 'person' | 'approver';

export interface Approval {
  readonly planHash: string;
  readonly requestedBy: Actor;
  readonly requestedAt: Date;
  readonly expiresAt: Date;
  readonly decision?: {
    readonly kind: 'approved' | 'refused' | 'expired' | 'void';
    readonly by: Actor;
    readonly at: Date;
    /** Why the glass was broken: it was approved without somebody else. */
    readonly brokenFor?: string;
  };
}

export interface RunStep {
  /** Position in the runbook, from 1. */
  readonly index: number;
  readonly name: string;
  readonly kind: string;
  readonly risk: Risk;
  readonly state: StepState;
  readonly startedAt?: Date;
  readonly endedAt?: Date;
  /** One plain sentence of what came of it. */
  readonly verdict?: string;
  readonly plan?: Plan;
  readonly approval?: Approval;
  readonly outcome?: ActionOutcome;
  /** What a read step found (a SweepReport, ProbeResults), redacted and capped. */
  readonly output?: unknown;
  /** While its state is `waiting`. */
  readonly waitsFor?: WaitsFor;
  /** How often it was tried again, by its policy or by a person. */
  readonly retries?: number;
  readonly policy?: StepPolicy;
  readonly conditions?: readonly StepCondition[];
}

export interface Run {
  readonly id: number;
  readonly incidentId: number;
  readonly runbook: string;
  readonly title: string;
  readonly target: string;
  readonly params: Readonly<Record<string, string>>;
  readonly requestedBy: Actor;
  readonly requestedAt: Date;
  readonly state: RunState;
  readonly endedAt?: Date;
  /** Who wants it ended, while a dangerous step still runs. */
  readonly cancelledBy?: Actor;
  /** Who had it go on after it had ended: what they want done they have asked for, too. */
  readonly reopenedBy?: readonly Actor[];
  readonly steps: readonly RunStep[];
}

/** What a program or a request did before it failed is not undone by anybody. */
export const isTakenBack = ({ kind }: Pick<RunStep, 'kind'>): boolean => kind !== 'shell' && kind !== 'http';

/** A step with what its worker needs. */
export interface JournalStep extends RunStep {
  readonly input: Readonly<Record<string, unknown>>;
  /** Epoch of the lease under which it was last written. */
  readonly epoch?: number;
  /** Its transaction in the target, known before that one commits. */
  readonly trace?: TransactionTrace;
  /** What it kept for itself when it last waited. */
  readonly memo?: unknown;
}

/** A run as its worker sees it. */
export interface JournalRun extends Run {
  readonly steps: readonly JournalStep[];
}

/** A dangerous step that was done earlier in the incident: a repair builds on what a rollback knew. */
export interface EarlierAction {
  readonly run: number;
  readonly step: number;
  readonly kind: string;
  readonly plan: Plan;
  readonly outcome: ActionOutcome;
  readonly trace?: TransactionTrace;
}
