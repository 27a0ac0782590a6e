/** Names people type, as Slack sends them: `@dba` becomes `<@U0000000DBA>`, in rich text an element of its own. */
import type { Slack } from '../context.ts';
import type { Block, Json } from '../model.ts';

/** In a message: `<@U…>` and `<#C…|name>`. */
export function withMentions(slack: Slack, text: string): string {
  return replaceNames(slack, text, (id) => `<@${id}>`);
}

/** In a slash command with should_escape: `<@U…|name>` and `<#C…|name>`. */
export function escaped(slack: Slack, text: string): string {
  return replaceNames(slack, text, (id, name) => `<@${id}|${name}>`);
}

function replaceNames(slack: Slack, text: string, user: (id: string, name: string) => string): string {
  const { users, channels } = slack.world;
  return text.replaceAll(
    /(^|[\s(])([@#])([a-z0-9][a-z0-9._-]*[a-z0-9]|[a-z0-9])/g,
    (all, lead: string, sign: string, name: string) => {
      const things =
        sign === '@' ? [...users.values()] : [...channels.values()].filter((one) => one.kind === 'public');
      const found = things.find((thing) => thing.name === name);
      if (!found) return all;
      return lead + (sign === '@' ? user(found.id, name) : `<#${found.id}|${name}>`);
    },
  );
}

/** The rich_text block that Slack's composer makes of what a person typed. */
export function richText(slack: Slack, text: string): Block[] {
  if (text === '') return [];
  const elements = text
    .split(/(<@[A-Z0-9]+>|<#[A-Z0-9]+\|[^>]*>)/)
    .filter((part) => part !== '')
    .map(element);
  const section = { type: 'rich_text_section', elements };
  return [{ type: 'rich_text', block_id: slack.world.ids.next('').slice(-5), elements: [section] }];
}

function element(part: string): Json {
  const user = /^<@([A-Z0-9]+)>$/.exec(part)?.[1];
  if (user !== undefined) return { type: 'user', user_id: user };
  const channel = /^<#([A-Z0-9]+)\|/.exec(part)?.[1];
  if (channel !== undefined) return { type: 'channel', channel_id: channel };
  return { type: 'text', text: part };
}
