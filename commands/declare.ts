/** `declare`: one line makes an incident, with its channel. */
import { defineCommand } from '../src/app/command.ts';
import { refusalText } from '../src/app/dispatch.ts';
import { headOf, isRefusal, looksLikeSeverity, readSeverity } from '../src/app/words.ts';
import { refuse } from '../src/domain/refusal.ts';

export default defineCommand({
  verb: 'declare',
  group: 'start',
  aliases: ['new', 'open', 'create'],
  summary: 'declare an incident and open its channel',
  usage: 'declare [sev1-sev5] [<title>]',
  examples: ['declare sev1 order status page is down', 'declare checkout is slow', 'declare'],
  where: 'anywhere',
  permission: 'declare',
  async run({ words, actor, inboxKey }, app) {
    const { head, rest } = headOf(words);
    const severity = looksLikeSeverity(head) ? readSeverity(head) : 'sev3';
    if (isRefusal(severity)) return severity;
    const named = looksLikeSeverity(head) ? rest : words;
    // Slack asks in a form; who types elsewhere reads what is missing.
    if (named === '')
      return {
        text: refusalText(refuse('TITLE_MISSING')),
        refused: true,
        form: { kind: 'declare', severity },
      };
    const [, number, title = named] = /^proposal:(\d+)\s+([\s\S]*)$/.exec(named) ?? [];
    const proposal = number === undefined ? {} : { proposal: Number(number) };
    const done = await app.declare({ by: actor, title, severity, ...proposal }, { inboxKey });
    if (!done.ok) return done;
    const took = done.proposal ? ` It takes over what monitor \`${done.proposal.monitor}\` saw.` : '';
    const { id, severity: level, title: name } = done.incident;
    return {
      text: `:rotating_light: Incident ${id} (${level}) declared: *${name}*. Its channel is being opened.${took}`,
    };
  },
});
