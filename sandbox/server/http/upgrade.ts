/** WebSockets: the page's own at `/sandbox/live`, the app's behind a ticket. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Slack } from '../context.ts';
import { isForeign } from './guard.ts';

export function upgrade(slack: Slack, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  socket.on('error', () => socket.destroy());
  const [pathname] = (request.url ?? '/').split('?');
  if (pathname !== '/sandbox/live') slack.hub.upgrade(request, socket, head);
  else if (isForeign(request)) socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  else slack.live.upgrade(request, socket, head);
}
