/** What every effect needs to be performed, and where each one goes. */
import type { WebClient } from '@slack/web-api';
import type { App } from '../../app/app.ts';
import type { Destination } from '../../domain/effects.ts';
import type { Logger } from '../../log.ts';
import type { OutboxRow } from '../../store/outbox.ts';
import type { Store } from '../../store/store.ts';
import type { createIdentity } from '../client.ts';
import { Refused } from './verdict.ts';

export interface PerformParts {
  readonly client: WebClient;
  readonly store: Store;
  readonly app: App;
  readonly log: Logger;
  readonly now: () => Date;
}

export interface Performing extends PerformParts {
  readonly identity: ReturnType<typeof createIdentity>;
}

/** An outbox row under way. */
export interface Attempt {
  readonly row: OutboxRow;
  /** An earlier attempt may have been carried out: look in Slack before doing it again. */
  readonly doubt: boolean;
}

/** The conversation an effect goes to. */
export async function conversationOf(to: Destination, { app, client }: Performing): Promise<string> {
  switch (to.kind) {
    case 'incident':
      return incidentChannel(to.id, app);
    case 'incidents-channel':
      return app.settings.incidentsChannel;
    case 'user': {
      const { channel } = await client.conversations.open({ users: to.id });
      return present(channel?.id, 'the direct message');
    }
  }
}

/** The channel of an incident; it is made first in its lane, so without one it could not be made. */
export async function incidentChannel(id: number, app: Pick<App, 'incident'>): Promise<string> {
  const { channelId } = present(await app.incident(id), `incident ${id}`);
  return present(channelId, `the channel of incident ${id}`);
}

/** The value, or a refusal: without it the effect can never be performed. */
export function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Refused(`${what} does not exist`);
  return value;
}
