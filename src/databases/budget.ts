/** How long a transaction may keep its locks, and the end of it when that is over. */
import { performance } from 'node:perf_hooks';
import type pg from 'pg';
import { Stop } from './outcome.ts';
import { sqlstateOf } from './pg-errors.ts';

/** Bytes that are copied and summed in a second. Measured 14 MB in 0.7 s on two busy cores; a rewrite takes as long. */
const BYTES_PER_SECOND = 20_000_000;

/** How long tables of this size are locked, in seconds. */
export const lockSeconds = (bytes: number, rewrites: boolean): number =>
  Math.ceil((bytes / BYTES_PER_SECOND) * (rewrites ? 2 : 1) * 10) / 10;

/** Bytes that are looked through in a second for rows that changed: most of a row is not read for it. */
const BYTES_SEEN_PER_SECOND = 100_000_000;

/** How long tables of this size are locked when they were copied before, in seconds. */
export const refreshSeconds = (bytes: number, rewrites: boolean): number =>
  Math.ceil((bytes / BYTES_SEEN_PER_SECOND + (rewrites ? bytes / BYTES_PER_SECOND : 0)) * 10) / 10;

/** Sends statements that together may take so long and no longer, counted from the moment it is made. */
export class Budget {
  readonly #client: pg.ClientBase;
  readonly #seconds: number;
  readonly #statementTimeoutMs: number;
  readonly #end: number;

  constructor(client: pg.ClientBase, seconds: number, statementTimeoutMs: number) {
    this.#client = client;
    this.#seconds = seconds;
    this.#statementTimeoutMs = statementTimeoutMs;
    this.#end = performance.now() + seconds * 1000;
  }

  /** Gives the next statements what is left, at most `atMostMs`; stops when nothing is. */
  async limit(atMostMs = this.#statementTimeoutMs): Promise<void> {
    const ms = Math.floor(Math.min(atMostMs, this.#left()));
    if (ms < 1) throw this.#used();
    await this.#client.query(`set local statement_timeout = ${ms}`);
  }

  /** Runs what sends one statement or a few short ones. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.limit();
    try {
      return await work();
    } catch (error) {
      if (sqlstateOf(error) === '57014' && this.#left() < 1) throw this.#used();
      throw error;
    }
  }

  #left(): number {
    return this.#end - performance.now();
  }

  #used(): Stop {
    return new Stop(
      'REFUSED',
      `It kept its locks for ${this.#seconds} s, which is all that snapshot.max_lock_s allows. Everything was rolled back.`,
    );
  }
}
