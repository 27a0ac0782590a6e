/** `run`: starts a runbook; whatever is dangerous in it waits for an approval. */
import { defineCommand } from '../src/app/command.ts';
import { startRunbook } from '../src/app/intend.ts';
import { headOf } from '../src/app/words.ts';
import { refuse } from '../src/domain/refusal.ts';

export default defineCommand({
  verb: 'run',
  group: 'database',
  aliases: ['runbook'],
  summary: 'start a runbook; what is dangerous in it waits for an approval',
  usage: 'run <runbook> [name=value …]',
  examples: ['run first-five-minutes', 'run table-repair table=order_status'],
  where: 'incident',
  permission: 'dangerous',
  async run(request, app) {
    const { head, rest } = headOf(request.words);
    const words = rest.split(/\s+/).filter((word) => word !== '');
    const wrong = words.find((word) => !/^[\w-]+=./.test(word));
    if (wrong !== undefined) return refuse('PARAM_MALFORMED', { found: wrong });
    const params = Object.fromEntries(words.map(pair));
    return startRunbook(app, request, head, params);
  },
});

function pair(word: string): [string, string] {
  const at = word.indexOf('=');
  return [word.slice(0, at), word.slice(at + 1)];
}
