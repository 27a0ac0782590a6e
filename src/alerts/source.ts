/** The contract of a source of alerts: one file in `sources/`, its default export, named as the file. */
import type { z } from 'zod';
import type { Alert } from '../domain/alert.ts';
import { loadFolder } from '../load-folder.ts';
import type { Answer } from './answers.ts';
import type { Incoming } from './entrance.ts';
import type { Signature } from './proof.ts';

/** What a source tells of an alert; whose it is goes without saying. */
export type Told = Omit<Alert, 'source'>;

export interface AlertSource<Body = unknown> {
  /** The name of its file, and the end of its path: `/alerts/<name>`. */
  readonly name: string;
  /** How it signs; without it, it carries a bearer token. */
  readonly signature?: Signature;
  /** What to send, for who sent something else. */
  readonly expects: string;
  readonly schema: z.ZodType<Body>;
  /** The source's own id of the delivery; without it the SHA-256 of the body names it. */
  readonly deliveryId?: (body: Body) => string | undefined;
  /** Answers what is no alert but asks for something, such as a confirmation. */
  readonly asked?: (body: Body, incoming: Incoming) => Promise<Answer | undefined>;
  /** None for a ping, and for news that change nothing. */
  readonly alerts: (body: Body) => readonly Told[];
}

/** Declares a source. */
export const defineAlertSource = <Body>(source: AlertSource<Body>): AlertSource<Body> => source;

/** Every source of the folder `sources`. Throws MODULE_MISNAMED. */
export const loadAlertSources = (): Promise<readonly AlertSource[]> =>
  loadFolder<AlertSource>(new URL('./sources/', import.meta.url), ({ name }) => name);
