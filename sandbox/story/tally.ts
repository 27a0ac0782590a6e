/** What the site's users saw: answers and failures by SQLSTATE, and since when all is well. */

/** Times are milliseconds since 1970. */
export interface TrafficReport {
  readonly reads: { readonly ok: number; readonly failed: Readonly<Record<string, number>> };
  readonly writes: {
    readonly acknowledged: number;
    /** The answer to COMMIT was lost: the customer does not know. */
    readonly unknown: number;
    readonly failed: Readonly<Record<string, number>>;
  };
  /** Orders whose status row still waits for its newest event. */
  readonly backlog: number;
  readonly firstFailureAt: number | undefined;
  readonly lastFailureAt: number | undefined;
  /** The first good read since the last failure; undefined while it fails. */
  readonly greenSince: number | undefined;
}

export interface Tally {
  readOk(): void;
  readFailed(sqlstate: string): void;
  acknowledged(): void;
  unknown(): void;
  writeFailed(sqlstate: string): void;
  errorsSince(time: number): number;
  report(backlog: number): TrafficReport;
}

const KEPT_FAILURES = 100_000;

export function createTally(): Tally {
  const reads = { ok: 0, failed: {} as Record<string, number> };
  const writes = { acknowledged: 0, unknown: 0, failed: {} as Record<string, number> };
  const failures: number[] = [];
  let firstFailureAt: number | undefined;
  let greenSince: number | undefined;

  const fail = (counts: Record<string, number>, sqlstate: string): void => {
    const now = Date.now();
    counts[sqlstate] = (counts[sqlstate] ?? 0) + 1;
    firstFailureAt ??= now;
    greenSince = undefined;
    failures.push(now);
    if (failures.length > KEPT_FAILURES) failures.shift();
  };

  return {
    readOk: () => {
      reads.ok += 1;
      greenSince ??= Date.now();
    },
    readFailed: (sqlstate) => fail(reads.failed, sqlstate),
    acknowledged: () => (writes.acknowledged += 1),
    unknown: () => (writes.unknown += 1),
    writeFailed: (sqlstate) => fail(writes.failed, sqlstate),
    errorsSince: (time) => failures.length - (failures.findLastIndex((at) => at <= time) + 1),
    report: (backlog) => ({
      reads: { ok: reads.ok, failed: { ...reads.failed } },
      writes: { ...writes, failed: { ...writes.failed } },
      backlog,
      firstFailureAt,
      lastFailureAt: failures.at(-1),
      greenSince,
    }),
  };
}

/** The SQLSTATE of a failed statement, or what the connection failed with. */
export function sqlstateOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return 'no connection';
}
