/** What a monitor looks at, as firebreak.yml names it. */
import type { Limits } from '../databases/check.ts';

export type LookSettings = ProbesLook | PageLook | ChecksLook | RateLook | ErrorsLook;

/** The target's own probes: all of them, or those of these names. */
export interface ProbesLook {
  readonly kind: 'probes';
  readonly probes?: readonly string[];
}

/** A page that the site depends on. */
export interface PageLook {
  readonly kind: 'http';
  readonly url: string;
  readonly status: number;
  /** Words that must be among the first 64 KiB of it. */
  readonly contains?: string;
}

/** The diagnosis checks of these names, or those of a sweep. */
export interface ChecksLook {
  readonly kind: 'checks';
  readonly checks: readonly string[] | 'first-minutes';
  /** From which status on a look is red. */
  readonly level: 'warn' | 'crit';
  /** Other limits than the checks' own, by check. */
  readonly limits: Readonly<Record<string, Limits>>;
}

/** The share of transactions that are rolled back, from look to look. */
export interface RateLook {
  readonly kind: 'error_rate';
  readonly percent: number;
  /** Fewer rollbacks between two looks are no rate. */
  readonly min: number;
  /** So many times what the last hour had. */
  readonly baseline: number;
}

/** The errors that applications report and the server's log has, by SQLSTATE: each has its own threshold. */
export interface ErrorsLook {
  readonly kind: 'errors';
  /** Other thresholds, in errors a minute, by SQLSTATE or class: what an application lives with. */
  readonly limits: Readonly<Record<string, number>>;
}

/** awesome-prometheus-alerts has 10 %; the rest is ours. */
export const ERROR_RATE = { percent: 10, min: 20, baseline: 3 } as const;
