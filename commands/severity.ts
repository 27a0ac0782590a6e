/** `severity`: changes how bad it is. */
import { defineCommand } from '../src/app/command.ts';
import { intend } from '../src/app/intend.ts';
import { isRefusal, readSeverity } from '../src/app/words.ts';
import { SEVERITIES } from '../src/domain/incident.ts';
import { refuse } from '../src/domain/refusal.ts';

export default defineCommand({
  verb: 'severity',
  group: 'run',
  aliases: ['sev'],
  summary: 'change how bad it is',
  usage: 'severity <sev1-sev5>',
  examples: ['severity sev1', 'severity 2'],
  where: 'incident',
  permission: 'respond',
  async run(request, app) {
    if (request.words === '') return refuse('SEVERITY_MISSING', { known: SEVERITIES.join(', ') });
    const to = readSeverity(request.words);
    if (isRefusal(to)) return to;
    return intend(
      app,
      request,
      { kind: 'severity', by: request.actor, to },
      () => `Severity is now *${to}*.`,
    );
  },
});
