/** `milestone`: sets or corrects when something was reached; both values are kept. */
import { defineCommand } from '../src/app/command.ts';
import { intend } from '../src/app/intend.ts';
import { headOf } from '../src/app/words.ts';
import { MILESTONES } from '../src/domain/incident.ts';
import { refuse } from '../src/domain/refusal.ts';
import { formatUtc, parseWhen } from '../src/domain/when.ts';

export default defineCommand({
  verb: 'milestone',
  group: 'record',
  summary: 'set or correct when something was reached',
  usage: 'milestone <name> <time>',
  examples: [
    'milestone impact_started -20m',
    'milestone detected 14:05',
    'milestone mitigated 14:05',
    'milestone impact_ended now',
  ],
  where: 'incident',
  permission: 'respond',
  async run(request, app) {
    const { head, rest } = headOf(request.words);
    const name = MILESTONES.find((each) => each === head.toLowerCase().replaceAll('-', '_'));
    if (!name) return refuse('UNKNOWN_MILESTONE', { found: head, known: MILESTONES.join(', ') });
    const when = parseWhen(rest || 'now', { now: request.cause.saidAt, timezone: app.settings.timezone });
    if (!when.ok) return when;
    const { at } = when;
    if (!at) return refuse('TIME_MISSING', { found: rest });
    return intend(
      app,
      request,
      { kind: 'milestone', by: request.actor, name, at },
      () => `${name} is now ${formatUtc(at)}.`,
    );
  },
});
