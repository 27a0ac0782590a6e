/** The message shortcut "Add to timeline": the message becomes an entry at its own time, with its author and link. */
import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import type { App, Directory } from '../app/app.ts';
import { forbidden } from '../app/permit.ts';
import { refusalText } from '../app/refusal-text.ts';
import { person } from '../domain/actor.ts';
import { refuse } from '../domain/refusal.ts';

const Clipped = z.object({
  user: z.object({ id: z.string() }),
  channel: z.object({ id: z.string() }),
  message: z.object({ ts: z.string(), text: z.string().default(''), user: z.string().optional() }),
});

export interface ClipParts {
  readonly app: App;
  readonly directory: Directory;
  readonly client: WebClient;
}

/** Answers what the person who clicked reads. */
export async function clipMessage(
  payload: unknown,
  inboxKey: string | undefined,
  { app, directory, client }: ClipParts,
): Promise<string> {
  const { user, channel, message } = Clipped.parse(payload);
  const incident = await app.incidentOfChannel(channel.id);
  if (incident === undefined) return refusalText(refuse('NOT_AN_INCIDENT_CHANNEL'));
  const refused = await forbidden(app.settings, directory, user.id, 'respond');
  if (refused) return refusalText(refused);
  const { permalink } = await client.chat.getPermalink({ channel: channel.id, message_ts: message.ts });
  const said = message.user === undefined ? message.text : `${person(message.user)}: ${message.text}`;
  const done = await app.act(
    incident,
    {
      kind: 'note',
      by: user.id,
      text: said,
      at: new Date(Number(message.ts) * 1000),
      ...(permalink ? { link: permalink } : {}),
    },
    { inboxKey },
  );
  return done.ok ? 'Added to the timeline, at its own time.' : refusalText(done);
}
