/** `help`: the verbs, or one of them. */
import { type Command, defineCommand } from '../src/app/command.ts';
import { findCommand } from '../src/app/find-command.ts';
import { headOf } from '../src/app/words.ts';
import { refuse } from '../src/domain/refusal.ts';

export default defineCommand({
  verb: 'help',
  aliases: ['?'],
  summary: 'the verbs, or one of them',
  usage: 'help [verb]',
  examples: ['help', 'help rollback'],
  where: 'anywhere',
  permission: 'read',
  run({ words, commands, command }) {
    const { head } = headOf(words);
    if (head === '') return Promise.resolve({ text: overview(commands, command) });
    const found = findCommand(commands, head);
    return Promise.resolve(
      found ? { text: detail(found, command) } : refuse('UNKNOWN_VERB', { found: head, near: '', command }),
    );
  },
});

const overview = (commands: readonly Command[], name: string): string =>
  [
    ...commands.map(({ usage, summary }) => `\`${name} ${usage}\` ${summary}`),
    `\`${name} help <verb>\` shows examples.`,
  ].join('\n');

const detail = ({ usage, summary, examples, aliases, where }: Command, name: string): string =>
  [
    `\`${name} ${usage}\`: ${summary}`,
    ...examples.map((example) => `• \`${name} ${example}\``),
    ...(aliases ? [`Also: ${aliases.join(', ')}`] : []),
    ...(where === 'incident'
      ? [`In an incident channel, or with the incident's number: \`inc-3\` after the verb.`]
      : []),
  ].join('\n');
