/** The contract of a source of alerts: one file in `sources/`, its default export, named as the file. */
import type { z } from 'zod';
import type { Alert } from '../domain/alert.ts';
import type { Incoming } from './entrance.ts';
import type { Signature } from './proof.ts';

export interface AlertSource<Body = unknown> {
  readonly name: string;
  /** How it signs; without it, it carries a bearer token. */
  readonly signature?: Signature;
  /** What to send, for who sent something else. */
  readonly expects: string;
  readonly schema: z.ZodType<Body>;
  /** The source's own id of the delivery; without it the SHA-256 of the body names it. */
  readonly deliveryId?: (body: Body, incoming: Incoming) => string | undefined;
  /** What it tells; none for a ping or a confirmation. */
  readonly alerts: (body: Body, incoming: Incoming) => readonly Alert[];
}

/** Declares a source. */
export const defineAlertSource = <Body>(source: AlertSource<Body>): AlertSource<Body> => source;
