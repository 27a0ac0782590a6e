/** `severity`: changes how bad it is. */
import { defineCommand } from '../src/app/command.ts';
import { intend } from '../src/app/intend.ts';
import { isRefusal, readSeverity } from '../src/app/words.ts';

export default defineCommand({
  verb: 'severity',
  group: 'run',
  aliases: ['sev'],
  summary: 'change how bad it is, or read what the severities mean',
  usage: 'severity [sev1-sev5]',
  examples: ['severity sev1', 'severity 2', 'severity'],
  where: 'incident',
  permission: (words) => (words === '' ? 'read' : 'respond'),
  async run(request, app) {
    const { severities } = app.settings;
    if (request.words === '')
      return { text: severities.map(({ name, meaning }) => `*${name}*: ${meaning}`).join('\n') };
    const to = readSeverity(request.words, app.settings);
    if (isRefusal(to)) return to;
    return intend(
      app,
      request,
      { kind: 'severity', by: request.actor, to },
      () => `Severity is now *${to}*.`,
    );
  },
});
