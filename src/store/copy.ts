/** COPY as streams, row by row: neither side has more of a table in memory than it is just handing on. */
import { Readable, Writable } from 'node:stream';
import type pg from 'pg';
import type { Store } from './store.ts';

type Client = ReturnType<Store['dedicated']>;

/** What a connection of pg can do besides what its types say. */
type Connection = pg.Connection & {
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
  sendCopyFail(reason: string): void;
};

export interface Copied {
  /** Known once the stream has ended. */
  readonly rows: number;
}

/** Begins `copy … to stdout`; the stream has its rows, in COPY's text format. */
export const copyOut = (client: Client, sql: string): Readable & Copied => client.query(new CopyOut(sql));

/** Begins `copy … from stdin`; the stream takes its rows. It finishes when the server has them all. */
export const copyIn = (client: Client, sql: string): Writable & Copied => client.query(new CopyIn(sql));

/** "COPY 12" */
const rowsOf = ({ text }: { readonly text: string }): number => Number(text.split(' ')[1] ?? 0);

class CopyOut extends Readable implements pg.Submittable {
  rows = 0;
  #connection: Connection | undefined;
  readonly #sql: string;

  constructor(sql: string) {
    super();
    this.#sql = sql;
  }

  submit(connection: pg.Connection): void {
    this.#connection = connection as Connection;
    connection.query(this.#sql);
  }

  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    // A copy: pg reads what comes next into the same memory.
    if (!this.push(Buffer.from(chunk))) this.#connection?.stream.pause();
  }

  handleCommandComplete(message: { readonly text: string }): void {
    this.rows = rowsOf(message);
  }

  handleReadyForQuery(): void {
    this.push(null);
    // Nobody asks for more of what has ended, and the next statement wants its answer.
    this.#connection?.stream.resume();
  }

  handleError(error: Error): void {
    this.destroy(error);
  }

  override _read(): void {
    this.#connection?.stream.resume();
  }
}

class CopyIn extends Writable implements pg.Submittable {
  rows = 0;
  #connection: Connection | undefined;
  readonly #sql: string;
  /** What waits until the server is ready for rows, and at the end until it has them. */
  #waiting: (() => void) | undefined;
  #isOpen = false;

  constructor(sql: string) {
    super();
    this.#sql = sql;
  }

  submit(connection: pg.Connection): void {
    this.#connection = connection as Connection;
    connection.query(this.#sql);
  }

  handleCopyInResponse(): void {
    this.#isOpen = true;
    this.#goOn();
  }

  handleCommandComplete(message: { readonly text: string }): void {
    this.rows = rowsOf(message);
  }

  handleReadyForQuery(): void {
    this.#isOpen = false;
    this.#goOn();
  }

  handleError(error: Error): void {
    this.#isOpen = false;
    this.destroy(error);
    // One that was refused before it took a row waits still to be opened, and its end would wait with it.
    this.#goOn();
  }

  override _construct(done: () => void): void {
    this.#waiting = done;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#connection?.sendCopyFromChunk(chunk);
    const stream = this.#connection?.stream;
    if (stream?.writableNeedDrain) stream.once('drain', done);
    else done();
  }

  override _final(done: () => void): void {
    this.#waiting = done;
    this.#connection?.endCopyFrom();
  }

  /** Whoever brings the rows has failed: without this the server would wait for more of them. */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (this.#isOpen && error) this.#connection?.sendCopyFail('the rows did not come');
    done(error);
  }

  #goOn(): void {
    this.#waiting?.();
    this.#waiting = undefined;
  }
}
