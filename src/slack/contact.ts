/** What the bot asks Slack with: one client whose calls are watched, who it is, and who others are. */
import type { WebClient } from '@slack/web-api';
import type { Directory } from '../app/app.ts';
import type { Reader } from '../app/reader.ts';
import type { Logger } from '../log.ts';
import { createClient, createIdentity, type WhoAmI } from './client.ts';
import { createDirectory } from './directory.ts';
import { type Call, createPulse } from './pulse.ts';
import { createReader } from './reader.ts';

export interface Contact {
  readonly client: WebClient;
  readonly identity: WhoAmI;
  readonly directory: Directory;
  readonly reader: Reader;
  /** The last call and what came of it. */
  readonly lastCall: () => Call | undefined;
}

export function createContact(
  { botToken: token, apiUrl }: { readonly botToken: string; readonly apiUrl?: string },
  now: () => Date,
  log: Logger,
): Contact {
  const pulse = createPulse(now);
  const client = createClient({ token, apiUrl }, log, pulse);
  const identity = createIdentity(client);
  const directory = createDirectory(client, identity);
  const reader = createReader(client, identity);
  return { client, identity, directory, reader, lastCall: pulse.last };
}
