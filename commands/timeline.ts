/** `timeline`: what happened, newest page first. */
import { defineCommand } from '../src/app/command.ts';
import { refuse } from '../src/domain/refusal.ts';
import { timelinePage } from '../src/slack/views/timeline.ts';

export default defineCommand({
  verb: 'timeline',
  group: 'look',
  summary: 'what happened so far, in the order it happened',
  usage: 'timeline [page]',
  examples: ['timeline', 'timeline 2'],
  where: 'incident',
  permission: 'read',
  async run({ incident = 0, words }, app) {
    const record = await app.record(incident);
    return record
      ? { text: timelinePage(record, Number(words) || 1) }
      : refuse('INCIDENT_UNKNOWN', { found: incident });
  },
});
