/** What stands between the bot and PostgreSQL: it can shut, so that nobody is there, or fall silent. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface Gate {
  /** The same URL, through the gate. */
  through(url: string): string;
  /** The server answers at another port now. */
  leadTo(port: number): void;
  /** Connections are cut, and new ones refused. */
  shut(): Promise<void>;
  /** Connections stay open, and nothing gets through; of those nobody ever hears again. */
  fallSilent(): void;
  /** New connections pass again. */
  open(): Promise<void>;
  /** Those that fell silent break, as a host does that is back and knows nothing of them. */
  breakSilent(): void;
  close(): Promise<void>;
}

export async function openGate(upstream: number): Promise<Gate> {
  let port = upstream;
  let silent = false;
  const sockets = new Set<Socket>();
  const mute = new Set<Socket>();
  const server = createServer((client) => {
    const onward = connect({ port, host: '127.0.0.1' });
    const end = (): void => {
      for (const socket of [client, onward]) {
        socket.destroy();
        sockets.delete(socket);
        mute.delete(socket);
      }
    };
    for (const [from, to] of [
      [client, onward],
      [onward, client],
    ] as const) {
      sockets.add(from);
      if (silent) mute.add(from);
      from.setNoDelay(true);
      from.on('error', end);
      from.on('close', end);
      from.on('data', (data) => mute.has(from) || to.write(data));
    }
  });
  await listen(server, 0);
  const own = (server.address() as AddressInfo).port;
  const cut = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    through(url) {
      const changed = new URL(url);
      changed.port = String(own);
      return changed.href;
    },
    leadTo(other) {
      port = other;
    },
    async shut() {
      const closed = new Promise((done) => server.close(done));
      cut();
      await closed;
    },
    fallSilent() {
      silent = true;
      for (const socket of sockets) mute.add(socket);
    },
    async open() {
      silent = false;
      if (!server.listening) await listen(server, own);
    },
    breakSilent() {
      for (const socket of mute) socket.destroy();
    },
    async close() {
      cut();
      if (server.listening) await new Promise((done) => server.close(done));
    },
  };
}

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((done, fail) => {
    server.once('error', fail);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', fail);
      done();
    });
  });
