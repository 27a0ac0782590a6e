/** Keeps other web pages in the same browser from acting as the people of the local Slack. */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { ControlError } from '../refusal.ts';

/**
 * A browser names the page that sends the request; programs name none. A page whose name was made to mean this machine
 * (DNS rebinding) names itself as host, so that only figures and `localhost` are taken.
 */
export function isForeign({ headers }: IncomingMessage): boolean {
  const { origin, host = '' } = headers;
  return !isLocal(host) || (origin !== undefined && origin !== `http://${host}`);
}

function isLocal(host: string): boolean {
  const name = host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return name === 'localhost' || isIP(name) !== 0;
}

export function refuseForeign(request: IncomingMessage): void {
  if (!isForeign(request)) return;
  throw new ControlError(
    403,
    'foreign_page',
    `${request.headers.origin ?? request.headers.host ?? ''} is not the local Slack's own page`,
  );
}
