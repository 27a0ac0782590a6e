/** Bookmarks of an incident's channel: its card, and the links of its service. Those that are there are left alone. */
import type { Effect } from '../../domain/effects.ts';
import { slotOf } from '../../domain/effects.ts';
import { placeOf } from '../../store/live-messages.ts';
import { type Attempt, incidentChannel, type Performing, present } from './context.ts';
import { expectTwin } from './twins.ts';

type BookmarksEffect = Extract<Effect, { kind: 'bookmarks' }>;

/** Slack answers no repeated bookmark with an error of its own: they are listed first. */
export async function bookmarks(
  { incident }: BookmarksEffect,
  attempt: Attempt,
  on: Performing,
): Promise<void> {
  const { client, app } = on;
  const channel = await incidentChannel(incident, app);
  const known = present(await app.incident(incident), `incident ${incident}`);
  const links = known.service === undefined ? {} : (app.settings.services[known.service]?.links ?? {});
  const wanted = [...(await cardLink(incident, on)), ...Object.entries(links)];
  if (attempt.doubt) await expectTwin(attempt, channel, on);
  const { bookmarks: there = [] } = await client.bookmarks.list({ channel_id: channel });
  for (const [title, link] of wanted) {
    if (there.some((bookmark) => bookmark.link === link)) continue;
    await client.bookmarks.add({ channel_id: channel, title, type: 'link', link });
  }
}

async function cardLink(
  incident: number,
  { client, store }: Performing,
): Promise<readonly (readonly [string, string])[]> {
  const place = await placeOf(store, slotOf({ kind: 'card', incident }));
  if (!place) return [];
  const { permalink } = await client.chat.getPermalink({ channel: place.channel, message_ts: place.ts });
  return permalink === undefined ? [] : [['Incident card', permalink]];
}
