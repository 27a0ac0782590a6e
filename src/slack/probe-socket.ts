/** Opens one Socket Mode connection to see that Slack greets it, and closes it at once. */
import { WebSocket } from 'ws';
import { z } from 'zod';

export type SocketProbe =
  | {
      readonly kind: 'hello';
      /** Of this app, with ours. */
      readonly connections: number;
      /** What Slack sent in the moment before it was closed; nothing was acked. */
      readonly delivered: readonly string[];
    }
  /** Slack sends it away: `link_disabled` when Socket Mode is off, `too_many_websockets`. */
  | { readonly kind: 'disconnect'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

const HELLO_MS = 8000;
/** A peer that does not answer the close frame is not waited for. */
const GOODBYE_MS = 1000;

/**
 * `url` is that of apps.connections.open. While it is open Slack may choose it for a delivery: an event that nobody acks is
 * sent again elsewhere, but of a command or click the person is told that it failed. So it is closed as soon as it was
 * greeted, and is not to be used beside a bot that runs.
 */
export function probeSocket(url: string): Promise<SocketProbe> {
  return new Promise((done) => {
    const socket = new WebSocket(url, { handshakeTimeout: HELLO_MS });
    const delivered: string[] = [];
    let answer: SocketProbe = { kind: 'failed', reason: `no hello within ${HELLO_MS / 1000} s` };
    let impatient = setTimeout(() => socket.terminate(), HELLO_MS);
    socket.on('message', (raw: Buffer) => {
      const message = readMessage(raw);
      if (message?.type === 'hello') {
        answer = { kind: 'hello', connections: message.num_connections, delivered };
      } else if (message?.type === 'disconnect') {
        answer = { kind: 'disconnect', reason: message.reason };
      } else if (message !== undefined) {
        delivered.push(message.type);
        return;
      }
      socket.close();
      clearTimeout(impatient);
      impatient = setTimeout(() => socket.terminate(), GOODBYE_MS);
    });
    socket.on('error', (error) => {
      if (answer.kind === 'failed') answer = { kind: 'failed', reason: error.message };
    });
    socket.on('close', () => {
      clearTimeout(impatient);
      done(answer);
    });
  });
}

const Hello = z.object({
  type: z.literal('hello'),
  num_connections: z.number().default(1),
});
const Disconnect = z.object({ type: z.literal('disconnect'), reason: z.string().default('unknown') });
const Envelope = z.object({ type: z.enum(['events_api', 'slash_commands', 'interactive']) });
const Message = z.discriminatedUnion('type', [Hello, Disconnect, Envelope]);

function readMessage(raw: Buffer): z.infer<typeof Message> | undefined {
  try {
    return Message.safeParse(JSON.parse(raw.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
