/** Socket Mode: hello, one connection per envelope, acks, redelivery of events, refresh on demand. */

import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { secret } from '../ids.ts';
import type { Json } from '../model.ts';
import { ACK_MS, type Delivery, RETRY_MS } from './envelope.ts';

const PING_MS = 5_000;
const LEAVE_MS = 10_000;
const GOODBYE_MS = 500;
const MAX_CONNECTIONS = 10;

const ackShape = z.object({
  envelope_id: z.string(),
  payload: z.union([z.record(z.string(), z.unknown()), z.string()]).optional(),
});

export interface SocketHub {
  /** A one-time address for a new connection. */
  ticket(): string;
  /** Takes over an HTTP upgrade request. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  send(delivery: Delivery): void;
  /** Asks `count` connections, the oldest first, to reconnect. */
  refresh(count: number): void;
  connections(): number;
  /** Deliveries that are not acked yet: they were sent, or are events that will be tried again. */
  unanswered(): number;
  stop(): Promise<void>;
}

interface Pending {
  readonly delivery: Delivery;
  readonly socket: WebSocket;
  readonly sentAt: number;
  readonly timer: NodeJS.Timeout;
  readonly attempt: number;
}

export function createSocketHub(options: { clock: Clock; url: () => string; appId: string }): SocketHub {
  const { clock, appId } = options;
  const server = new WebSocketServer({ noServer: true });
  const tickets = new Set<string>();
  const open: WebSocket[] = [];
  const leaving = new Set<WebSocket>();
  const pending = new Map<string, Pending>();
  let turn = 0;
  let waiting = 0;

  const deliver = (delivery: Delivery, attempt: number) => {
    const ready = open.filter((socket) => !leaving.has(socket));
    const socket = ready[turn++ % Math.max(1, ready.length)];
    if (!socket) {
      fail(delivery, attempt, 'dispatch_failed');
      return;
    }
    const envelopeId = randomUUID();
    const timer = setTimeout(() => {
      pending.delete(envelopeId);
      fail(delivery, attempt, 'operation_timeout');
    }, ACK_MS);
    pending.set(envelopeId, { delivery, socket, attempt, sentAt: performance.now(), timer });
    socket.send(JSON.stringify(envelope(envelopeId, delivery, attempt)));
  };

  const fail = (delivery: Delivery, attempt: number, reason: 'dispatch_failed' | 'operation_timeout') => {
    delivery.done?.({ kind: 'failed', reason });
    const wait = RETRY_MS[attempt];
    // Only events are tried again; a person whose command failed is told so instead.
    if (delivery.type !== 'events_api' || wait === undefined) return;
    const unreachable = wait === 0 && reason === 'dispatch_failed' ? ACK_MS : wait;
    waiting += 1;
    clock.after(unreachable, () => {
      waiting -= 1;
      deliver(delivery, attempt + 1);
    });
  };

  const acknowledge = (raw: RawData) => {
    const parsed = ackShape.safeParse(readJson(raw));
    if (!parsed.success) return;
    const found = pending.get(parsed.data.envelope_id);
    if (!found) return;
    pending.delete(parsed.data.envelope_id);
    clearTimeout(found.timer);
    const { payload } = parsed.data;
    found.delivery.done?.({
      kind: 'acked',
      payload: typeof payload === 'string' ? { text: payload } : (payload ?? {}),
      // Tenths: half a millisecond is much beside the ack of a local app.
      tookMs: Math.round((performance.now() - found.sentAt) * 10) / 10,
    });
  };

  const leave = (socket: WebSocket) => {
    leaving.delete(socket);
    open.splice(open.indexOf(socket), 1);
    for (const [id, one] of pending) {
      if (one.socket !== socket || one.delivery.type !== 'events_api') continue;
      pending.delete(id);
      clearTimeout(one.timer);
      fail(one.delivery, one.attempt, 'dispatch_failed');
    }
  };

  const welcome = (socket: WebSocket) => {
    if (open.length >= MAX_CONNECTIONS) {
      socket.send(JSON.stringify({ type: 'disconnect', reason: 'too_many_websockets' }));
      socket.close();
      return;
    }
    open.push(socket);
    const ping = setInterval(() => socket.ping(), PING_MS);
    socket.on('message', acknowledge);
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      clearInterval(ping);
      leave(socket);
    });
    socket.send(JSON.stringify(hello(appId, open.length)));
  };

  return {
    ticket() {
      const ticket = secret();
      tickets.add(ticket);
      return `${options.url().replace('http', 'ws')}/link/?ticket=${ticket}&app_id=${appId}`;
    },
    upgrade(request, socket, head) {
      const ticket = new URLSearchParams((request.url ?? '').split('?')[1]).get('ticket') ?? '';
      if (!tickets.delete(ticket)) {
        socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n');
        return;
      }
      server.handleUpgrade(request, socket, head, welcome);
    },
    send: (delivery) => deliver(delivery, 0),
    refresh(count) {
      for (const socket of open.filter((one) => !leaving.has(one)).slice(0, count)) {
        leaving.add(socket);
        socket.send(JSON.stringify({ type: 'disconnect', reason: 'refresh_requested', debug_info: debug }));
        setTimeout(() => socket.terminate(), LEAVE_MS).unref();
      }
    },
    unanswered: () => pending.size + waiting,
    connections: () => open.length,
    async stop() {
      for (const one of pending.values()) clearTimeout(one.timer);
      pending.clear();
      await Promise.all([...open].map(goodbye));
      server.close();
    },
  };
}

/** Closes with a handshake: a client that is cut off in the middle of its own keeps a timer for 30 s. */
async function goodbye(socket: WebSocket): Promise<void> {
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const impatient = setTimeout(() => socket.terminate(), GOODBYE_MS);
  socket.close(1001);
  await closed;
  clearTimeout(impatient);
}

const debug = { host: 'local' };

function hello(appId: string, connections: number): Json {
  return {
    type: 'hello',
    num_connections: connections,
    debug_info: { ...debug, build_number: 1, approximate_connection_time: 18_060 },
    connection_info: { app_id: appId },
  };
}

function envelope(id: string, { type, payload, acceptsPayload }: Delivery, attempt: number): Json {
  const base = { envelope_id: id, type, payload, accepts_response_payload: acceptsPayload };
  if (type !== 'events_api') return base;
  return { ...base, retry_attempt: attempt, retry_reason: attempt === 0 ? '' : 'timeout' };
}

function readJson(raw: RawData): unknown {
  try {
    const bytes = Array.isArray(raw) ? Buffer.concat(raw) : Buffer.from(raw as Buffer);
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
