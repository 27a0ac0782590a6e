/** A host between us and PostgreSQL that cuts one connection at a statement of a given number. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** `unsent`: the server never gets the statement; `unanswered`: it does it, and nobody hears of it. */
export type Cut = 'unsent' | 'unanswered';

export interface CuttingProxy {
  /** The same URL, through the proxy. */
  through(url: string): string;
  /** Cuts once, at the n-th statement from here on, counted over all connections. */
  cutAt(statement: number, how: Cut): void;
  /** Whether the cut that was asked for was made. */
  wasCut(): boolean;
  close(): void;
}

export async function createCuttingProxy(upstreamUrl: string): Promise<CuttingProxy> {
  const upstreamPort = Number(new URL(upstreamUrl).port);
  const sockets = new Set<Socket>();
  let left = 0;
  let how: Cut = 'unsent';
  let done = true;
  const server = createServer((client) => {
    const upstream = connect({ port: upstreamPort, host: '127.0.0.1' });
    let deaf = false;
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', end);
      socket.on('close', end);
    }
    const counted = statementCounter();
    client.on('data', (data) => {
      const statements = counted(data);
      if (!done && left > 0) {
        left -= statements;
        if (left <= 0) {
          done = true;
          if (how === 'unsent') {
            end();
            return;
          }
          deaf = true;
        }
      }
      upstream.write(data);
    });
    // The answer says that the server is done with it.
    upstream.on('data', (data) => (deaf ? end() : client.write(data)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    through(url) {
      const proxied = new URL(url);
      proxied.port = String(port);
      return proxied.href;
    },
    cutAt(statement, which) {
      [left, how, done] = [statement, which, false];
    },
    wasCut: () => done,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

const QUERY = 'Q'.charCodeAt(0);
const PARSE = 'P'.charCodeAt(0);

/** Counts the statements in what a client sends; the first message has no type. */
function statementCounter(): (data: Buffer) => number {
  let rest = Buffer.alloc(0);
  let started = false;
  return (data) => {
    rest = Buffer.concat([rest, data]);
    let statements = 0;
    for (;;) {
      const head = started ? 1 : 0;
      if (rest.length < head + 4) return statements;
      const length = head + rest.readUInt32BE(head);
      if (rest.length < length) return statements;
      if (started && (rest[0] === QUERY || rest[0] === PARSE)) statements += 1;
      started = true;
      rest = rest.subarray(length);
    }
  };
}
