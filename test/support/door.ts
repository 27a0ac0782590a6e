/** A host between us and a server on loopback that can be shut: connections are cut, and new ones are refused. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Door {
  /** The same URL, through the door. */
  through(url: string): string;
  shut(): Promise<void>;
  open(): Promise<void>;
}

/** Open unless told. */
export async function createDoor(upstreamUrl: string, { shut = false } = {}): Promise<Door> {
  const upstreamPort = Number(new URL(upstreamUrl).port);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect({ port: upstreamPort, host: '127.0.0.1' });
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  });
  const listen = (port: number): Promise<void> =>
    new Promise((done) => void server.listen(port, '127.0.0.1', done));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const door: Door = {
    through(url) {
      const there = new URL(url);
      there.port = String(port);
      return there.href;
    },
    async shut() {
      const closed = new Promise((done) => server.close(done));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    open: () => listen(port),
  };
  if (shut) await door.shut();
  return door;
}
