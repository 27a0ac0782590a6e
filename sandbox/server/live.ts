/** Tells the page, over a WebSocket at `/sandbox/live`, that something has changed and what the app called. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import type { Call } from './api/calls.ts';

/** One change seldom comes alone. */
const GATHER_MS = 10;

export interface Live {
  readonly changed: () => void;
  readonly called: (call: Call) => void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  stop(): void;
}

export function createLive(): Live {
  const server = new WebSocketServer({ noServer: true });
  let gathering: NodeJS.Timeout | undefined;
  const push = (message: object) => {
    for (const client of server.clients)
      if (client.readyState === WebSocket.OPEN) client.send(JSON.stringify(message));
  };
  const changed = () => {
    gathering ??= setTimeout(() => {
      gathering = undefined;
      push({ kind: 'changed' });
    }, GATHER_MS);
  };
  return {
    changed,
    called(call) {
      push({ kind: 'call', ...call });
      changed();
    },
    upgrade(request, socket, head) {
      server.handleUpgrade(request, socket, head, (client) => {
        client.on('error', () => client.terminate());
        client.send(JSON.stringify({ kind: 'changed' }));
      });
    },
    stop() {
      clearTimeout(gathering);
      for (const client of server.clients) client.terminate();
      server.close();
    },
  };
}
