/** The contract of a source of alerts: one file in `sources/`, its default export, named as the file. */
import type { IncomingHttpHeaders } from 'node:http';
import type { z } from 'zod';
import type { Alert } from '../domain/alert.ts';
import type { Answer } from './answers.ts';

/** A request as it came: what is signed is its bytes. */
export interface Incoming {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly now: Date;
}

/** What this source may prove itself with: its own secret of `http.tokens`, and the bearer tokens that hold everywhere. */
export interface Secrets {
  readonly own?: string;
  readonly bearer: readonly string[];
}

export interface AlertSource<Body = unknown> {
  readonly name: string;
  /** For people: how it proves itself, in a line. */
  readonly proof: string;
  /** Undefined when the request may pass, else what it is answered. Compares in constant time. */
  readonly refuse: (incoming: Incoming, secrets: Secrets) => Promise<Answer | undefined> | Answer | undefined;
  readonly schema: z.ZodType<Body>;
  /** The source's own id of the delivery; without it the SHA-256 of the body names it. */
  readonly deliveryId?: (body: Body, incoming: Incoming) => string | undefined;
  /** What it tells; none for a ping or a confirmation. */
  readonly alerts: (body: Body) => readonly Alert[];
}

/** Declares a source. */
export const defineAlertSource = <Body>(source: AlertSource<Body>): AlertSource<Body> => source;
