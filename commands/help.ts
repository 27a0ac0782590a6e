/** `help`: the verbs, or one of them. */
import { type Command, defineCommand } from '../src/app/command.ts';
import { findCommand } from '../src/app/find-command.ts';
import { byGroup } from '../src/app/groups.ts';
import { suggestHelp } from '../src/app/suggest.ts';
import { whoMay } from '../src/app/who-may.ts';
import { headOf } from '../src/app/words.ts';
import { refuse } from '../src/domain/refusal.ts';

export default defineCommand({
  verb: 'help',
  group: 'look',
  aliases: ['?'],
  summary: 'the verbs, or one of them',
  usage: 'help [verb]',
  examples: ['help', 'help rollback'],
  where: 'anywhere',
  permission: 'read',
  run({ words, commands, command }) {
    const { head } = headOf(words);
    if (head === '') return Promise.resolve({ text: overview(commands, command) });
    // `help post-mortem` and `help roll back` too.
    const found = findCommand(commands, head) ?? findCommand(commands, words.replace(/[\s-]/g, ''));
    if (found) return Promise.resolve({ text: detail(found, command) });
    const near = suggestHelp(head, commands, command);
    return Promise.resolve(refuse('UNKNOWN_VERB', { found: head, near, command }));
  },
});

const overview = (commands: readonly Command[], name: string): string =>
  [
    ...byGroup(commands).flatMap(({ heading, items }) => [
      `*${heading}*`,
      ...items.map(({ usage, summary }) => `\`${name} ${usage}\` ${summary}`),
    ]),
    `\`${name} help <verb>\` shows examples.`,
  ].join('\n');

const detail = (command: Command, name: string): string => {
  const { usage, summary, examples, more = [], aliases, where } = command;
  return [
    `\`${name} ${usage}\`: ${summary}`,
    ...examples.map((example) => `• \`${name} ${example}\``),
    ...more,
    ...(aliases ? [`Also: ${aliases.join(', ')}`] : []),
    ...(where === 'incident'
      ? [`In an incident channel, or with the incident's number: \`inc-3\` before or after the verb.`]
      : []),
    whoMay(command),
  ].join('\n');
};
