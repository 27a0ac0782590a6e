/** A database that Firebreak looks after, as firebreak.yml names it. */
import type { HistorySettings, MigrationTool } from './migration-tools.ts';

export interface ProbeSettings {
  readonly name: string;
  /** One SELECT that the site depends on. */
  readonly sql: string;
}

/** Where the right values of a table can be read from, for repairs. */
export interface SourceSettings {
  readonly key: string;
  readonly columns: readonly string[];
  /** A SELECT that yields the key and the right values of the columns. */
  readonly from: string;
}

export interface TargetSettings {
  readonly name: string;
  readonly urls: { readonly diag: string; readonly act?: string; readonly ddl?: string };
  readonly tool: MigrationTool;
  readonly history?: HistorySettings;
  readonly probes: readonly ProbeSettings[];
  readonly services: readonly string[];
  readonly snapshot: {
    readonly maxLockSeconds: number;
    /** Larger copies need an explicit yes; 10 GiB unless told. */
    readonly maxBytes?: number;
    /** One SELECT that answers the free bytes of the server's disk as one number. */
    readonly freeDisk?: string;
  };
  /** What `firebreak guard` may do by itself; it proposes unless told. */
  readonly guard?: { readonly undo: 'auto' | 'propose'; readonly windowSeconds: number };
  readonly sources: Readonly<Record<string, SourceSettings>>;
  /** The target on which a rollback is tried out before it is shown for approval. */
  readonly rehearsal?: string;
}

export const DEFAULT_MAX_BYTES = 10 * 1024 ** 3;
export const DEFAULT_GUARD = { undo: 'propose', windowSeconds: 120 } as const;
