/** `run`: starts a runbook; whatever is dangerous in it waits for an approval. */
import { defineCommand } from '../src/app/command.ts';
import { startRunbook } from '../src/app/intend.ts';
import { readParams } from '../src/app/param-words.ts';
import { headOf } from '../src/app/words.ts';
import { isSlackUser } from '../src/domain/actor.ts';
import { asTyped } from '../src/domain/foreign.ts';

export default defineCommand({
  verb: 'run',
  group: 'database',
  aliases: ['runbook'],
  summary: 'start a runbook; what is dangerous in it waits for an approval',
  usage: 'run <runbook> [name=value …]',
  examples: ['run first-five-minutes', 'run table-repair table=order_status'],
  more: [
    'A value with spaces stands in quotes: `text="two words"`. A form asks for what the runbook needs and was not said.',
  ],
  where: 'incident',
  permission: 'dangerous',
  async run(request, app) {
    const { head, rest } = headOf(request.words);
    const read = readParams(rest);
    if (!read.ok) return read;
    const typed = (value: string): string => (isSlackUser(request.actor) ? asTyped(value) : value);
    const params = Object.entries(read.params).map(([name, value]) => [name, typed(value)] as const);
    return startRunbook(app, request, head, Object.fromEntries(params));
  },
});
