/** What happens to an incident's channel in Slack: who joins is offered to be caught up; archiving is written down. */
import { z } from 'zod';
import type { App } from '../app/app.ts';
import type { WhoAmI } from './client.ts';

export interface EventParts {
  readonly app: App;
  readonly identity: WhoAmI;
}

interface From {
  readonly inboxKey: string | undefined;
}

const Joined = z.object({ user: z.string(), channel: z.string() });

export async function onJoined(event: unknown, { inboxKey }: From, parts: EventParts): Promise<void> {
  const { user, channel } = Joined.parse(event);
  const { botUserId } = await parts.identity.get();
  if (user !== botUserId) await parts.app.welcome(channel, user, { inboxKey });
}

const Archived = z.object({ channel: z.string(), user: z.string().default('unknown') });

export async function onArchived(
  event: unknown,
  archived: boolean,
  { inboxKey }: From,
  { app, identity }: EventParts,
): Promise<void> {
  const { channel, user: by } = Archived.parse(event);
  // Our own doing is written down already, and by now the incident may have been reopened.
  if (by === (await identity.get()).botUserId) return;
  const incident = await app.incidentOfChannel(channel);
  if (incident !== undefined)
    await app.act(incident, { kind: 'channel-archived', by, archived }, { inboxKey });
}
