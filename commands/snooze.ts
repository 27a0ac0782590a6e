/** `snooze`: puts the open reminder off, or turns its kind off for this incident. */
import { defineCommand } from '../src/app/command.ts';
import { intend } from '../src/app/intend.ts';
import { headOf, readWait } from '../src/app/words.ts';
import { refuse } from '../src/domain/refusal.ts';
import { REMINDERS } from '../src/domain/reminders.ts';

export default defineCommand({
  verb: 'snooze',
  group: 'run',
  aliases: ['dismiss'],
  summary: 'put the open reminder off, or turn it off for this incident',
  usage: 'snooze [15m | 1h | off]',
  examples: ['snooze', 'snooze 1h', 'snooze off'],
  where: 'incident',
  permission: 'respond',
  async run(request, app) {
    const { actor: by } = request;
    const { head, rest } = headOf(request.words);
    // A button says which reminder it belongs to.
    const named = REMINDERS.find((kind) => kind === head);
    const reminder = named ? { reminder: named } : {};
    const words = named ? rest : request.words;
    if (/^(?:off|never|dismiss)$/i.test(words)) {
      const wish = { kind: 'dismiss', by, ...reminder } as const;
      return intend(app, request, wish, () => 'You are not reminded of it again here.');
    }
    const seconds = readWait(words || '15m');
    if (seconds === undefined || seconds === 0) return refuse('WAIT_NOT_UNDERSTOOD', { found: words });
    const wish = { kind: 'snooze', by, seconds, ...reminder } as const;
    return intend(app, request, wish, () => `Put off by ${words || '15m'}.`);
  },
});
