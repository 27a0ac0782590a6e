/** A plan for a dangerous act on a database: exact, hashed, bound to a target, and what came of it. */
import type { Blocker, ProbeResult } from './sweep.ts';

export interface TargetIdentity {
  readonly systemIdentifier: string;
  readonly database: string;
  readonly oid: number;
  readonly timeline: number;
}

/** Of a plan that touches no database: a program, a request over HTTP. */
export const NO_DATABASE: TargetIdentity = { systemIdentifier: '', database: '', oid: 0, timeline: 0 };

export type PlanKind =
  | 'migration-rollback'
  | 'table-repair'
  | 'db-terminate'
  | 'db-cancel'
  | 'db-corruption'
  | 'db-execute'
  | 'snapshot'
  | 'snapshot-drop'
  | 'restore'
  | 'http'
  | 'shell';

export interface Plan {
  readonly kind: PlanKind;
  /** SHA-256 over what will be done (SQL, target identity, inputs), not over volatile figures. */
  readonly hash: string;
  readonly target: string;
  readonly identity: TargetIdentity;
  /** One line: `Roll back migration 1717…_x on shop`. */
  readonly title: string;
  /** Plain words for the approver: locks, rewrites, what is destroyed, what is not undone, who holds what. */
  readonly summary: readonly string[];
  /** The exact SQL, as it will be sent, with comments. */
  readonly sql: string;
  /** What the executor needs, JSON; part of the hash where it decides what is done. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Figures at plan time (sizes, counts, holders); not part of the hash. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Identifies an execution in the target's marker table. */
export interface Marker {
  readonly run: string;
  readonly step: number;
  /** Epoch of the lease under which the step runs. */
  readonly epoch: number;
}

/** Finds one transaction again after a crash. */
export interface TransactionTrace {
  readonly xid: string;
}

export type ActionOutcome =
  | {
      readonly state: 'done';
      readonly verdict: string;
      readonly facts: Readonly<Record<string, unknown>>;
      readonly probes: readonly ProbeResult[];
    }
  | {
      /** Rolled back; nothing was left behind (of a repair: batches committed before stay, `facts.restored`). */
      readonly state: 'stopped';
      readonly code:
        | 'LOCK_TIMEOUT'
        | 'DEADLOCK'
        | 'PROBE_RED'
        | 'PLAN_VOID'
        | 'CHANGED'
        | 'REFUSED'
        | 'FAILED';
      readonly verdict: string;
      readonly facts: Readonly<Record<string, unknown>>;
      readonly blockers: readonly Blocker[];
    }
  | {
      /** Nobody can say yet whether it was committed. */
      readonly state: 'unknown';
      readonly verdict: string;
      readonly facts: Readonly<Record<string, unknown>>;
    };

/** What a migration was when it was captured beside the project's own tool. */
export interface CapturedMigration {
  /** As the tool's history holds it. */
  readonly name: string;
  readonly fileHash: string;
  /** SQL, or the word `opaque`: code that cannot be printed as SQL. */
  readonly up: string;
  /** The same; undefined when there is no down. */
  readonly down?: string;
}
