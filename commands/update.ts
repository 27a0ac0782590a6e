/** `update`: tells everybody how it stands, and begins the time until the next one anew. */
import { defineCommand } from '../src/app/command.ts';
import { intend } from '../src/app/intend.ts';
import { refusalText } from '../src/app/refusal-text.ts';
import { refuse } from '../src/domain/refusal.ts';

export default defineCommand({
  verb: 'update',
  group: 'run',
  summary: 'tell everybody how it stands; the next one is due anew',
  usage: 'update [<text>]',
  examples: ['update we found the migration and are rolling it back'],
  where: 'incident',
  permission: 'respond',
  async run(request, app) {
    const { words, actor: by, incident = 0 } = request;
    if (words === '') {
      const missing = refuse('TEXT_MISSING', { what: 'update', example: 'update we are rolling back' });
      return { text: refusalText(missing), refused: true, form: { kind: 'update', incident } };
    }
    return intend(app, request, { kind: 'update', by, text: words }, () => 'Update posted.');
  },
});
