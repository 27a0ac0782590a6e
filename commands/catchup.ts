/** `catchup`: what a latecomer has to know, from facts alone, told to them alone. */
import { defineCommand } from '../src/app/command.ts';
import { catchup } from '../src/domain/catchup.ts';
import { refuse } from '../src/domain/refusal.ts';

export default defineCommand({
  verb: 'catchup',
  group: 'look',
  summary: 'what a latecomer has to know: what, since when, who, decided, running, due',
  usage: 'catchup',
  examples: ['catchup'],
  where: 'incident',
  permission: 'read',
  async run({ incident = 0, now }, app) {
    const record = await app.record(incident);
    return record
      ? { text: catchup(record, app.settings, now).join('\n') }
      : refuse('INCIDENT_UNKNOWN', { found: incident });
  },
});
