/** What a look at a database finds: checks, probes, applied migrations. */

import type { Offer } from './refusal.ts';

/** `skipped` (a privilege is missing) and `timeout` are never shown as ok. */
export type CheckStatus = 'ok' | 'warn' | 'crit' | 'skipped' | 'timeout';

export interface CheckResult {
  readonly check: string;
  readonly status: CheckStatus;
  /** One plain sentence: what was found. */
  readonly verdict: string;
  /** The figures behind the verdict, literals redacted. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** What to do next, for example a command to type or a GRANT to give. */
  readonly next?: string;
  /** Lines that do it, for a button each in Slack; the first one is the best next step. */
  readonly offers?: readonly Offer[];
}

const RANK: Readonly<Record<CheckStatus, number>> = { crit: 0, warn: 1, timeout: 2, skipped: 3, ok: 4 };

/** What is wrong or was not seen in time, the worst first; red probes before all else, since users see them too. */
export function worstFirst(results: readonly CheckResult[]): readonly CheckResult[] {
  const weight = (it: CheckResult): number => RANK[it.status] * 2 + (it.check === 'probes' ? 0 : 1);
  return results.filter((it) => RANK[it.status] < RANK.skipped).sort((a, b) => weight(a) - weight(b));
}

/** How many of the worst findings stand on top of a report. */
export const TOP = 3;

/** What there is to be checked, for people to choose from. */
export interface CheckFacts {
  readonly name: string;
  /** What it looks at, in a line. */
  readonly title: string;
  /** Part of the sweep. */
  readonly firstMinutes: boolean;
  /** What the diag role needs for it. */
  readonly privilege: string;
  /** What it may cost or wait for. */
  readonly danger: string;
}

/** A check in a line. */
export const checkLine = ({ name, title, privilege, danger }: CheckFacts): string =>
  `${name}: ${title} (needs ${privilege === 'none' ? 'no privilege' : privilege}; danger: ${danger})`;

export interface SweepReport {
  readonly target: string;
  readonly took_ms: number;
  readonly checks: readonly CheckResult[];
  /** The worst findings first, as sentences. */
  readonly top: readonly string[];
}

export interface ProbeResult {
  readonly name: string;
  readonly ok: boolean;
  readonly took_ms: number;
  /** SQLSTATE, when PostgreSQL refused or ended the query. */
  readonly sqlstate?: string;
  readonly error?: string;
  /** No answer came in time, and none that the server gave. */
  readonly timedOut?: true;
  /** The relation that the error points at; else those that the probe's SQL names. */
  readonly relations: readonly string[];
}

export interface AppliedMigration {
  readonly name: string;
  /** Undefined is "unknown": a tool that keeps no time, never a guess. */
  readonly appliedAt?: Date;
  /** The transaction that applied it, by the `xmin` of its history row. */
  readonly xid: string;
  /** The row was written by another transaction than the changes: its xid says nothing about rows. */
  readonly ownTransaction?: true;
  /** It was begun and has not ended, or did not end well: then the tool waits for somebody to put it right. */
  readonly state?: 'failed' | 'dirty' | 'running';
  /** SHA-256 of the file, where the tool writes it down. */
  readonly fileHash?: string;
}

/** A session that holds a lock others wait for, named by pid and start so that a reused pid is never hit. */
export interface Blocker {
  readonly pid: number;
  readonly backendStart: string;
  readonly user: string;
  readonly application: string;
  readonly state: string;
  /** Seconds since its transaction began. */
  readonly transactionAge: number;
  /** Its last statement, literals redacted. */
  readonly query: string;
  readonly relations: readonly string[];
}
