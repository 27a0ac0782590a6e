/** `silence`: keeps back what a service, a target or a monitor tells, for a while: maintenance, or known trouble. */
import { defineCommand } from '../src/app/command.ts';
import { headOf, readWait } from '../src/app/words.ts';
import { matchText, type Silence } from '../src/domain/alert-rules.ts';
import { refuse } from '../src/domain/refusal.ts';
import { formatUtc } from '../src/domain/when.ts';
import { code } from '../src/slack/views/text.ts';
import { who } from '../src/slack/views/words.ts';

const MONTH_S = 30 * 86_400;

export default defineCommand({
  verb: 'silence',
  group: 'run',
  aliases: ['mute', 'maintenance'],
  summary: 'keep back alerts for a while, or see what is silent',
  usage: 'silence <what> <1h> [why] | silence lift <number>',
  examples: ['silence', 'silence order-status 1h a migration is deployed', 'silence lift 3'],
  more: [
    '<what> is a service, a target, a monitor, or a proposal (`proposal:3`).',
    'What it keeps back is listed by `alerts silenced`, and proposed afterwards if it still fires.',
  ],
  where: 'anywhere',
  permission: (words) => (words.trim() === '' ? 'read' : 'respond'),
  async run({ words, actor, cause, command }, app) {
    const { head, rest } = headOf(words);
    if (head === '') return { text: listText(await app.silences(), command) };
    if (/^(?:lift|end|off)$/i.test(head)) {
      const done = await app.endSilence(Number(/^\d{1,9}$/.exec(rest)?.[0] ?? 0), actor, cause);
      return done.ok ? { text: `Lifted: ${code(matchText(done.silence.match))} is heard again.` } : done;
    }
    const { head: length, rest: why } = headOf(rest);
    const seconds = readWait(length);
    if (!seconds || seconds > MONTH_S) return refuse('SILENCE_LENGTH', { found: length, what: head });
    const reason = why || 'no reason given';
    const done = await app.silence({ by: actor, what: head, seconds, reason }, cause);
    if (!done.ok) return done;
    const { id, match, until } = done.silence;
    return {
      text: `Silence ${id}: ${code(matchText(match))} until ${formatUtc(until)}.`,
      offers: [{ label: 'Lift it', line: `silence lift ${id}` }],
    };
  },
});

const listText = (silences: readonly Silence[], command: string): string =>
  silences
    .map(
      ({ id, match, until, reason, by }) =>
        `${id}: ${code(matchText(match))} until ${formatUtc(until)}, by ${who(by)}: ${reason}`,
    )
    .join('\n') ||
  `Nothing is silent. \`${command} silence order-status 1h\` keeps a service quiet for an hour.`;
