/** `snooze`: puts the open reminder off, or turns its kind off for this incident. */
import { defineCommand } from '../src/app/command.ts';
import { intend } from '../src/app/intend.ts';
import { readWait } from '../src/app/words.ts';
import { refuse } from '../src/domain/refusal.ts';

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
    const { actor: by, words } = request;
    if (/^(?:off|never|dismiss)$/i.test(words))
      return intend(app, request, { kind: 'dismiss', by }, () => 'You are not reminded of it again here.');
    const seconds = readWait(words || '15m');
    if (seconds === undefined || seconds === 0) return refuse('WAIT_NOT_UNDERSTOOD', { found: words });
    return intend(app, request, { kind: 'snooze', by, seconds }, () => `Put off by ${words || '15m'}.`);
  },
});
