/** Keeps other web pages in the same browser from acting as the people of the local Slack. */
import type { IncomingMessage } from 'node:http';
import { ControlError } from '../refusal.ts';

/** A browser names the page that sends the request; programs name none. */
export function isForeign({ headers }: IncomingMessage): boolean {
  const { origin, host } = headers;
  return origin !== undefined && origin !== `http://${host ?? ''}`;
}

export function refuseForeign(request: IncomingMessage): void {
  if (!isForeign(request)) return;
  throw new ControlError(
    403,
    'foreign_page',
    `${request.headers.origin ?? ''} is not the local Slack's own page`,
  );
}
