/** `status`: shows where the incident stands, or moves it on. */
import { defineCommand } from '../src/app/command.ts';
import { intend } from '../src/app/intend.ts';
import { headOf } from '../src/app/words.ts';
import { STATUSES } from '../src/domain/incident.ts';
import { refuse } from '../src/domain/refusal.ts';
import { incidentSummary } from '../src/slack/views/summary.ts';

const SETTABLE = STATUSES.filter((status) => status !== 'cancelled');

export default defineCommand({
  verb: 'status',
  group: 'run',
  summary: 'show where the incident stands, or move it on',
  usage: `status [${SETTABLE.join(' | ')}] [message]`,
  examples: ['status', 'status identified bad migration', 'status mitigated'],
  where: 'incident',
  permission: (words) => (words === '' ? 'read' : 'respond'),
  async run(request, app) {
    const { head, rest } = headOf(request.words);
    if (head === '') {
      const incident = await app.incident(request.incident ?? 0);
      return incident
        ? { text: incidentSummary(incident, app.settings) }
        : refuse('INCIDENT_UNKNOWN', { found: request.incident ?? 0 });
    }
    const to = SETTABLE.find((status) => status === head.toLowerCase());
    if (!to) return refuse('UNKNOWN_STATUS', { found: head, known: SETTABLE.join(', ') });
    const message = rest ? { message: rest } : {};
    return intend(
      app,
      request,
      { kind: 'status', by: request.actor, to, ...message },
      () => `Status is now *${to}*.`,
    );
  },
});
