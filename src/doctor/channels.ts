/** The channels that firebreak.yml names: what goes there waits until the bot is in them. */
import type { Settings } from '../domain/settings.ts';
import { type SlackClient, whyUnanswered } from '../slack/consultation.ts';
import { type Finding, fail, ok } from './finding.ts';
import { asking } from './slack-errors.ts';

export async function examineChannels(
  client: SlackClient,
  { incidentsChannel, stakeholderChannel }: Settings,
): Promise<readonly Finding[]> {
  const incidents = { name: 'incidents channel', setting: 'slack.incidents_channel', id: incidentsChannel };
  const stakeholders = { name: 'stakeholder channel', setting: 'slack.stakeholder_channel' };
  const named = stakeholderChannel === undefined ? [] : [{ ...stakeholders, id: stakeholderChannel }];
  const found = [incidents, ...named].map((each) => asking(each.name, () => examine(client, each)));
  return (await Promise.all(found)).flat();
}

interface Named {
  readonly name: string;
  readonly setting: string;
  readonly id: string;
}

async function examine(client: SlackClient, { name, setting, id }: Named): Promise<Finding> {
  const channel = await infoOf(client, id);
  const mend = `mend ${setting} in firebreak.yml`;
  if (channel === undefined)
    return fail(
      name,
      `Slack shows the bot no channel ${id}.`,
      `If it is private, type /invite @firebreak in it; else ${mend}: the id stands under the channel's details.`,
    );
  const called = `#${channel.name ?? id}`;
  if (channel.is_archived === true)
    return fail(name, `${called} is archived.`, `Bring it back in Slack, or ${mend}.`);
  if (channel.is_member !== true)
    return fail(name, `The bot is not in ${called}.`, `Type /invite @firebreak in ${called}.`);
  return ok(name, `The bot is in ${called}.`);
}

async function infoOf(client: SlackClient, channel: string) {
  try {
    return (await client.conversations.info({ channel })).channel;
  } catch (error) {
    const why = whyUnanswered(error);
    if (why.kind === 'refused' && why.error === 'channel_not_found') return undefined;
    throw error;
  }
}
