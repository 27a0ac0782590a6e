/** What every effect needs to be performed, and where each one goes. */
import type { WebClient } from '@slack/web-api';
import type { App } from '../../app/app.ts';
import type { Destination } from '../../domain/effects.ts';
import type { Logger } from '../../log.ts';
import type { OutboxRow } from '../../store/outbox.ts';
import type { Store } from '../../store/store.ts';
import type { WhoAmI } from '../client.ts';
import { NotOurs, Refused } from './verdict.ts';

export interface Performing {
  readonly client: WebClient;
  readonly identity: Pick<WhoAmI, 'get'>;
  readonly store: Store;
  readonly app: App;
  readonly log: Logger;
  readonly now: () => Date;
}

/** An outbox row under way. */
export interface Attempt {
  readonly row: OutboxRow;
  /** An earlier attempt may have been carried out: look in Slack before doing it again. */
  readonly doubt: boolean;
  /** Fires when the lane is no longer ours: somebody else may be at the same row. */
  readonly signal: AbortSignal;
}

/** To be called before what people will see: a look in Slack takes its time. */
export function stillOurs({ signal }: Attempt): void {
  if (signal.aborted) throw new NotOurs('the lease of the lane was lost');
}

/** The conversation an effect goes to. */
export async function conversationOf(to: Destination, { app, client }: Performing): Promise<string> {
  switch (to.kind) {
    case 'incident':
      return incidentChannel(to.id, app);
    case 'incidents-channel':
      return app.settings.incidentsChannel;
    case 'stakeholders':
      return present(app.settings.stakeholderChannel, 'the stakeholder channel');
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
