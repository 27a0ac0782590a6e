/** A driver that connects to nothing: what a migration's code sends is written down, with its values filled in. */
import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import pg from 'pg';

import { statementsOf, tokensOf } from '../databases/parse.ts';

const { prepareValue } = createRequire(import.meta.url)('pg/lib/utils') as {
  readonly prepareValue: (value: unknown) => string | Buffer | null | undefined;
};

/** Why a half of a migration cannot be told as SQL. */
export class Unprintable extends Error {}

export interface Recording {
  /** A stand-in for the module `pg`. */
  readonly driver: typeof pg;
  /** What `work` sends. Throws Unprintable when it asks the database for something: then nobody can say what it would do. */
  during(work: () => Promise<unknown>): Promise<string>;
}

/** Makes one. Outside of `during` everything is answered, and nothing written down. */
export function createRecording(answers: (sql: string) => readonly object[] = () => []): Recording {
  let sent: string[] | undefined;
  const asked: string[] = [];

  async function take(sql: string, values: readonly unknown[]): Promise<object> {
    if (sent === undefined) return result(answers(sql));
    const statements = await statementsOf(sql);
    const kinds = statements.map(({ kind }) => kind);
    // RETURNING of the statement itself, not of one within: its rows go to the code.
    if (statements.some(({ kind, tree }) => ASKS.has(kind) || RETURNING.some((key) => key in tree))) {
      asked.push(sql);
      throw asks(sql);
    }
    if (!kinds.every((kind) => kind === 'TransactionStmt')) sent.push(await filled(sql, values));
    return result([]);
  }

  return {
    driver: driverOf(take),
    async during(work) {
      sent = [];
      asked.length = 0;
      try {
        await work();
        // Code that catches the error goes on with an answer that it never got.
        const [first] = asked;
        if (first !== undefined) throw asks(first);
        return inLines(sent);
      } finally {
        sent = undefined;
      }
    },
  };
}

/** Statements, each with its end, a line each. */
export const inLines = (statements: readonly string[]): string =>
  statements.map((sql) => `${sql.trim().replace(/;$/, '')};`).join('\n');

const asks = (sql: string): Unprintable =>
  new Unprintable(`it asks the database: ${sql.trim().slice(0, 80)}`);

const ASKS = new Set(['SelectStmt', 'ExplainStmt', 'VariableShowStmt', 'FetchStmt', 'ExecuteStmt']);
// Named `returningClause` since PostgreSQL 18.
const RETURNING = ['returningClause', 'returningList'];

const result = (rows: readonly object[]) => ({
  rows,
  rowCount: rows.length,
  fields: [],
  command: '',
  oid: 0,
});

/** Puts the values into their places, `$1` and on. */
async function filled(sql: string, values: readonly unknown[]): Promise<string> {
  if (values.length === 0) return sql;
  const scanned = await tokensOf(sql);
  if (scanned === undefined) throw new Unprintable(`SQL that cannot be read: ${sql.slice(0, 80)}`);
  let text = '';
  let at = 0;
  for (const { start, end, text: token } of scanned.tokens) {
    const place = /^\$(\d+)$/.exec(token)?.[1];
    if (place === undefined) continue;
    text += scanned.bytes.subarray(at, start).toString() + literalOf(values[Number(place) - 1]);
    at = end;
  }
  return text + scanned.bytes.subarray(at).toString();
}

/** As the driver itself would send it: as text, whose type the server finds out. */
function literalOf(value: unknown): string {
  const sent = prepareValue(value);
  if (sent === null || sent === undefined) return 'null';
  return Buffer.isBuffer(sent) ? `'\\x${sent.toString('hex')}'` : pg.escapeLiteral(sent);
}

type Take = (sql: string, values: readonly unknown[]) => Promise<object>;
type Callback = (error: unknown, result?: unknown, release?: () => void) => void;

/** As far as the tools use it: clients and pools, with promises and with callbacks. */
function driverOf(take: Take): typeof pg {
  class Client extends EventEmitter {
    readonly connection = new EventEmitter();
    readonly processID = 1;
    connect = (done?: Callback) => answered(Promise.resolve(this), done);
    end = (done?: Callback) => answered(Promise.resolve(), done);
    release = (): void => undefined;
    setTypeParser = (): void => undefined;
    query(config: string | { text: string; values?: unknown[] }, values?: unknown, last?: unknown) {
      const done = [values, last].find((it) => typeof it === 'function') as Callback | undefined;
      const given = Array.isArray(values) ? values : [];
      const { text, values: own = given } = typeof config === 'string' ? { text: config } : config;
      return answered(take(text, own), done);
    }
  }
  class Pool extends EventEmitter {
    connect = (done?: Callback) => {
      const client = new Client();
      if (done === undefined) return Promise.resolve(client);
      setImmediate(done, null, client, client.release);
      return undefined;
    };
    end = (done?: Callback) => answered(Promise.resolve(), done);
    query = (...given: Parameters<Client['query']>) => new Client().query(...given);
  }
  return Object.assign(Object.create(pg) as typeof pg, { Client, Pool });
}

function answered<T>(answer: Promise<T>, done: Callback | undefined): Promise<T> | undefined {
  if (done === undefined) return answer;
  answer.then(
    (value) => done(null, value),
    (error: unknown) => done(error),
  );
  return undefined;
}
