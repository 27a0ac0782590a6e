/** What the receiver answers. */
import type { ServerResponse } from 'node:http';
import type { Outcome } from './counters.ts';

export interface Answer {
  readonly status: number;
  /** Sent as JSON; a text as it is, with the content type of `headers`. */
  readonly body: Readonly<Record<string, unknown>> | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What it is counted as, where the status does not say it. */
  readonly outcome?: Outcome;
}

/** A refusal: what happened, and what to do. */
export const refusal = (
  status: number,
  message: string,
  fix: string,
  more: Readonly<Record<string, unknown>> = {},
): Answer => ({ status, body: { ok: false, message, fix, ...more } });

/** Sends an answer; nobody may keep it, or take it for something else. */
export function send(response: ServerResponse, { status, body, headers }: Answer): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(typeof body === 'string' ? body : `${JSON.stringify(body)}\n`);
}
