/** An incident's channel: made or adopted, filled with people, described, its card pinned. */
import { isSlackUser } from '../../domain/actor.ts';
import { announcement } from '../../domain/decision.ts';
import { type Effect, slotOf } from '../../domain/effects.ts';
import type { Incident } from '../../domain/incident.ts';
import { loadIncident, setChannel } from '../../store/incidents.ts';
import { placeOf } from '../../store/live-messages.ts';
import { enqueue } from '../../store/outbox.ts';
import { topicOf } from '../views/topic.ts';
import { type Attempt, incidentChannel, type Performing, present, stillOurs } from './context.ts';
import { SKEW_MS } from './find.ts';
import { expectTwin } from './twins.ts';
import { deliveryOf, Refused, slackError } from './verdict.ts';

type Of<K extends Effect['kind']> = Extract<Effect, { kind: K }>;

/** Slack's own pages contradict each other about more. */
const INVITED_AT_ONCE = 100;
const NAMES_TRIED = 9;
const NAME_LENGTH = 80;
/** They concern one person, and leave the others invited. */
const SKIPPED = new Set([
  'already_in_channel',
  'cant_invite_self',
  'cant_invite',
  'user_not_found',
  'users_not_found',
  'no_user',
  'user_is_restricted',
  'ura_max_channels',
  'not_in_team',
  'org_user_not_in_team',
  'invitee_cant_see_channel',
  'user_disabled',
]);

export async function createChannel(
  { incident, name }: Of<'create-channel'>,
  attempt: Attempt,
  on: Performing,
): Promise<void> {
  const known = present(await on.app.incident(incident), `incident ${incident}`);
  if (known.channelId !== undefined) return;
  try {
    await remember(incident, await firstFree(name, known.private, attempt, on), on);
  } catch (error) {
    // Without a channel the incident is known all the same.
    if (deliveryOf(error, attempt.row.effect).kind === 'refused')
      await enqueue(on.store, announcement(known), on.now());
    throw error;
  }
}

/** The channel, made or adopted; a name that others have gets a number. */
async function firstFree(
  name: string,
  isPrivate: boolean,
  attempt: Attempt,
  on: Performing,
): Promise<string> {
  for (let number = 1; number <= NAMES_TRIED; number += 1) {
    const id = await made(numbered(name, number), isPrivate, attempt, on);
    if (id !== undefined) return id;
  }
  throw new Refused(`name_taken: ${name}`);
}

/** Announces the incident with its channel; what was posted before gets the link. */
function remember(incident: number, channelId: string, { store, now }: Performing): Promise<void> {
  return store.transaction(async (tx) => {
    await setChannel(tx, incident, channelId);
    const known = await loadIncident(tx, incident);
    if (known) await enqueue(tx, linking(known), now());
  });
}

const linking = (incident: Incident): readonly Effect[] => [
  ...announcement(incident),
  ...incident.pages
    .filter(({ answer }) => answer === undefined)
    .map(
      ({ number, user }): Effect => ({
        kind: 'live',
        to: { kind: 'user', id: user },
        subject: { kind: 'page', incident: incident.id, page: number },
      }),
    ),
];

/** A name can be taken by a channel of people, or by one of an earlier installation of ours. */
const numbered = (name: string, number: number): string =>
  number === 1 ? name : `${name.slice(0, NAME_LENGTH - 2)}-${number}`;

/** The channel of that name, if it is or becomes ours. */
async function made(
  name: string,
  isPrivate: boolean,
  attempt: Attempt,
  on: Performing,
): Promise<string | undefined> {
  stillOurs(attempt);
  try {
    const { channel } = await on.client.conversations.create({ name, is_private: isPrivate });
    return present(channel?.id, 'the new channel');
  } catch (error) {
    if (slackError(error) !== 'name_taken') throw error;
    return attempt.doubt ? adopted(name, attempt, on) : undefined;
  }
}

/** Only one that an earlier attempt made: by the bot, since the effect was written, and of no other incident. */
async function adopted(name: string, { row }: Attempt, on: Performing): Promise<string | undefined> {
  const { client, identity, app } = on;
  const { botUserId } = await identity.get();
  const since = (row.createdAt.getTime() - SKEW_MS) / 1000;
  const pages = client.paginate('conversations.list', {
    limit: 1000,
    exclude_archived: true,
    types: 'public_channel,private_channel',
  });
  for await (const answer of pages) {
    const { channels = [] } = answer as { channels?: readonly ListedChannel[] };
    const found = channels.find((channel) => channel.name === name);
    if (found === undefined) continue;
    const ours = found.creator === botUserId && found.created >= since;
    return ours && (await app.incidentOfChannel(found.id)) === undefined ? found.id : undefined;
  }
  return undefined;
}

interface ListedChannel {
  readonly id: string;
  readonly name?: string;
  readonly creator?: string;
  readonly created: number;
}

export async function invite({ incident, users }: Of<'invite'>, _: Attempt, on: Performing): Promise<void> {
  await inviteAll(await incidentChannel(incident, on.app), users.filter(isSlackUser), on);
}

async function inviteAll(channel: string, people: readonly string[], on: Performing): Promise<void> {
  for (let start = 0; start < people.length; start += INVITED_AT_ONCE) {
    await inviteSome(channel, people.slice(start, start + INVITED_AT_ONCE), on);
  }
}

/** One person who cannot come must not keep out the others. */
async function inviteSome(channel: string, users: readonly string[], on: Performing): Promise<void> {
  try {
    await on.client.conversations.invite({ channel, users: users.join(','), force: true });
  } catch (error) {
    const reason = slackError(error);
    if (reason === undefined || !SKIPPED.has(reason)) throw error;
    if (users.length > 1) return inviteEach(channel, users, on);
    if (reason !== 'already_in_channel') on.log.warn({ user: users[0], reason }, 'somebody was not invited');
  }
}

async function inviteEach(channel: string, users: readonly string[], on: Performing): Promise<void> {
  for (const user of users) await inviteSome(channel, [user], on);
}

export async function topic({ incident }: Of<'topic'>, attempt: Attempt, on: Performing): Promise<void> {
  const known = present(await on.app.incident(incident), `incident ${incident}`);
  const channel = await incidentChannel(incident, on.app);
  if (attempt.doubt) await expectTwin(attempt, channel, on);
  await on.client.conversations.setTopic({ channel, topic: topicOf(known) });
}

/** Pins the card. */
export async function pin({ incident }: Of<'pin'>, _: Attempt, on: Performing): Promise<void> {
  const place = await placeOf(on.store, slotOf({ kind: 'card', incident }));
  const { channel, ts } = present(place, `the card of incident ${incident}`);
  await unless('already_pinned', () => on.client.pins.add({ channel, timestamp: ts }));
}

/** Who is in the channel of a duplicate comes into that of the incident it is a duplicate of. */
export async function moveFollowers(
  { incident, from }: Of<'move-followers'>,
  _: Attempt,
  on: Performing,
): Promise<void> {
  const target = await incidentChannel(incident, on.app);
  const { botUserId } = await on.identity.get();
  const people = await followersOf(present(await on.app.incident(from), `incident ${from}`), on);
  await inviteAll(
    target,
    people.filter((user) => user !== botUserId),
    on,
  );
}

/** A duplicate may be closed before its channel is made: then it has those who are known of. */
async function followersOf(
  { channelId, declaredBy, roles }: Incident,
  { client }: Performing,
): Promise<readonly string[]> {
  if (channelId === undefined)
    return [...new Set([declaredBy, ...Object.values(roles).filter((user) => user !== undefined)])].filter(
      isSlackUser,
    );
  const people: string[] = [];
  for await (const page of client.paginate('conversations.members', { channel: channelId, limit: 1000 }))
    people.push(...((page as { readonly members?: readonly string[] }).members ?? []));
  return people;
}

/** The channel's name follows the title; a name that others have gets a number. */
export async function renameChannel(
  { incident, name }: Of<'rename-channel'>,
  { doubt }: Attempt,
  on: Performing,
): Promise<void> {
  const channel = await incidentChannel(incident, on.app);
  // Its own new name would be taken, and the number after it wrong.
  if (doubt && (await isNamedAlready(channel, name, on))) return;
  for (let number = 1; number <= NAMES_TRIED; number += 1) {
    try {
      await on.client.conversations.rename({ channel, name: numbered(name, number) });
      return;
    } catch (error) {
      if (slackError(error) !== 'name_taken') throw error;
    }
  }
  throw new Refused(`name_taken: ${name}`);
}

async function isNamedAlready(channel: string, name: string, { client }: Performing): Promise<boolean> {
  const { channel: known } = await client.conversations.info({ channel });
  return Array.from({ length: NAMES_TRIED }, (_, index) => numbered(name, index + 1)).includes(
    known?.name ?? '',
  );
}

export async function archive({ incident }: Of<'archive'>, _: Attempt, on: Performing): Promise<void> {
  const channel = await incidentChannel(incident, on.app);
  await unless('already_archived', () => on.client.conversations.archive({ channel }));
}

export async function unarchive({ incident }: Of<'unarchive'>, _: Attempt, on: Performing): Promise<void> {
  const channel = await incidentChannel(incident, on.app);
  await unless('not_archived', () => on.client.conversations.unarchive({ channel }));
}

/** Slack's word that it was done before is as good as doing it. */
async function unless(code: string, act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (slackError(error) !== code) throw error;
  }
}
