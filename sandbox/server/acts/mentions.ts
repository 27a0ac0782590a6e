/** Names people type, as Slack sends them: `@dba` becomes `<@U0000000DBA>`, in rich text an element of its own. */
import type { Slack } from '../context.ts';
import type { Block, Json } from '../model.ts';

/** In a message: `<@U…>`, `<!subteam^S…>` and `<#C…|name>`. */
export function withMentions(slack: Slack, text: string): string {
  return replaceNames(slack, text, false);
}

/** In a slash command with should_escape: `<@U…|name>`, `<!subteam^S…|@handle>` and `<#C…|name>`. */
export function escaped(slack: Slack, text: string): string {
  return replaceNames(slack, text, true);
}

function replaceNames(slack: Slack, text: string, withNames: boolean): string {
  return text.replaceAll(
    /(^|[\s(])([@#])([a-z0-9][a-z0-9._-]*[a-z0-9]|[a-z0-9])/g,
    (all, lead: string, sign: string, name: string) => {
      const code = sign === '@' ? someone(slack, name, withNames) : channel(slack, name);
      return code === undefined ? all : `${lead}<${code}>`;
    },
  );
}

function someone(slack: Slack, name: string, withName: boolean): string | undefined {
  const { users, groups } = slack.world;
  const user = [...users.values()].find((one) => one.name === name);
  if (user) return `@${user.id}${withName ? `|${name}` : ''}`;
  const group = [...groups.values()].find((one) => one.handle === name && one.deleted === 0);
  return group && `!subteam^${group.id}${withName ? `|@${name}` : ''}`;
}

function channel(slack: Slack, name: string): string | undefined {
  const found = [...slack.world.channels.values()].find((one) => one.kind === 'public' && one.name === name);
  return found && `#${found.id}|${name}`;
}

/** The rich_text block that Slack's composer makes of what a person typed. */
export function richText(slack: Slack, text: string): Block[] {
  if (text === '') return [];
  const elements = text
    .split(/(<@[A-Z0-9]+>|<!subteam\^[A-Z0-9]+>|<#[A-Z0-9]+\|[^>]*>)/)
    .filter((part) => part !== '')
    .map(element);
  const section = { type: 'rich_text_section', elements };
  return [{ type: 'rich_text', block_id: slack.world.ids.next('').slice(-5), elements: [section] }];
}

function element(part: string): Json {
  const user = /^<@([A-Z0-9]+)>$/.exec(part)?.[1];
  if (user !== undefined) return { type: 'user', user_id: user };
  const group = /^<!subteam\^([A-Z0-9]+)>$/.exec(part)?.[1];
  if (group !== undefined) return { type: 'usergroup', usergroup_id: group };
  const place = /^<#([A-Z0-9]+)\|/.exec(part)?.[1];
  if (place !== undefined) return { type: 'channel', channel_id: place };
  return { type: 'text', text: part };
}
