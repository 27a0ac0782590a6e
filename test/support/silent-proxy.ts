/** A host between us and PostgreSQL that can fall silent: connections stay open, and nothing gets through. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface SilentProxy {
  /** The same URL, through the proxy. */
  through(url: string): string;
  /** From here on nothing passes, on old connections and on new ones. */
  fallSilent(): void;
  /** New connections pass again; of those that were silent, nobody ever hears. */
  comeBack(): void;
  /** Whether every connection to it has ended from the other side. */
  ended(): boolean;
  close(): void;
}

export async function createSilentProxy(upstreamUrl: string): Promise<SilentProxy> {
  const upstreamPort = Number(new URL(upstreamUrl).port);
  const sockets = new Set<Socket>();
  const mute = new Set<Socket>();
  const clients = new Set<Socket>();
  let silent = false;
  // Half-open: not even the end of a connection is answered.
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ port: upstreamPort, host: '127.0.0.1', allowHalfOpen: true });
    clients.add(client);
    client.once('end', () => clients.delete(client));
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      if (silent) mute.add(from);
      from.on('error', () => undefined);
      from.on('data', (data) => mute.has(from) || to.write(data));
      from.on('end', () => mute.has(from) || to.end());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    through(url) {
      const proxied = new URL(url);
      proxied.port = String(port);
      return proxied.href;
    },
    fallSilent() {
      silent = true;
      for (const socket of sockets) mute.add(socket);
    },
    comeBack() {
      silent = false;
    },
    ended: () => clients.size === 0,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
