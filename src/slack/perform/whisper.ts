/** What one person alone sees in the incident's channel. Slack keeps no trace of it, so it is sent once at most. */
import type { Effect } from '../../domain/effects.ts';
import { withOffers } from '../views/offers.ts';
import { type Attempt, type Performing, present } from './context.ts';

type WhisperEffect = Extract<Effect, { kind: 'whisper' }>;

export async function whisper(
  { incident, user }: WhisperEffect,
  { doubt }: Attempt,
  { client, app }: Performing,
): Promise<void> {
  // It may have been seen: the same again would be worse than not at all.
  if (doubt) return;
  const { channelId: channel } = present(await app.incident(incident), `incident ${incident}`);
  // In a lane of its own it may come before the channel.
  if (channel === undefined) throw new Error(`incident ${incident} has no channel yet`);
  const { text, blocks } = withOffers('You have just joined. Shall I tell you how it stands?', [
    { label: 'Catch me up', line: `catchup inc-${incident}` },
  ]);
  await client.chat.postEphemeral({ channel, user, text, ...(blocks ? { blocks: [...blocks] } : {}) });
}
