/** `run`: starts a runbook; whatever is dangerous in it waits for an approval. */
import { defineCommand } from '../src/app/command.ts';
import { startRunbook } from '../src/app/intend.ts';
import { readParams } from '../src/app/param-words.ts';
import { headOf } from '../src/app/words.ts';

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
    return read.ok ? startRunbook(app, request, head, read.params) : read;
  },
});
