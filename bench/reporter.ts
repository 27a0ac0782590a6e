/** An application that reports its database errors: it counts what its statements fail with, and sends the counts. */
import type pg from 'pg';
import { errorsEntrance } from '../src/alerts/errors.ts';
import { saveErrorReport } from '../src/store/error-reports.ts';
import type { Store } from '../src/store/store.ts';

export interface Reporter {
  readonly count: (error: unknown) => void;
  /** Counts from here on what this session's statements fail with. */
  readonly listen: (client: pg.ClientBase) => void;
  /** Sends what was counted since the last time, as JSON to the bot's entrance. */
  send(store: Store, now: Date): Promise<void>;
}

interface Counted {
  readonly sqlstate: string;
  readonly message: string;
  readonly count: number;
}

const SQLSTATE = /^[0-9A-DF-Z][0-9A-Z]{4}$/;

/** Makes one that has counted nothing. */
export function createReporter(): Reporter {
  const counted = new Map<string, Counted>();
  const count = (error: unknown): void => {
    const { code = '', message = '' } = error as Partial<Record<'code' | 'message', string>>;
    if (!SQLSTATE.test(code)) return;
    const before = counted.get(code) ?? { sqlstate: code, message, count: 0 };
    counted.set(code, { ...before, count: before.count + 1 });
  };
  return {
    count,
    listen: (client) => {
      hear(client, count);
    },
    async send(store, now) {
      const errors = [...counted.values()];
      counted.clear();
      if (errors.length > 0) await report(errors, store, now);
    },
  };
}

async function report(errors: readonly Counted[], store: Store, now: Date): Promise<void> {
  const entrance = errorsEntrance({
    targets: { shop: { services: [] } },
    services: [],
    report: (it) => saveErrorReport(store, it, now),
  });
  const incoming = { headers: {}, body: Buffer.alloc(0), now, proof: 'token' } as const;
  const { status } = await entrance.take({ target: 'shop', errors }, incoming);
  if (status !== 200) throw new Error(`The report was answered with ${status}`);
}

/** A pool hands a callback over; who has the session waits for a promise. */
function hear(client: pg.ClientBase, failed: (error: unknown) => void): void {
  const query = client.query.bind(client) as (...args: readonly unknown[]) => unknown;
  const heard = (...args: readonly unknown[]): unknown => {
    const callback = args.at(-1);
    if (typeof callback !== 'function') {
      const answer = query(...args);
      Promise.resolve(answer).catch(failed);
      return answer;
    }
    return query(...args.slice(0, -1), (error: unknown, answer: unknown) => {
      if (error) failed(error);
      (callback as (error: unknown, answer: unknown) => void)(error, answer);
    });
  };
  Object.assign(client, { query: heard });
}
