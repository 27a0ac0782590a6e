/** `health`: how the bot itself is, for when it seems to be silent. */
import { defineCommand } from '../src/app/command.ts';
import { healthLines } from '../src/domain/health.ts';

export default defineCommand({
  verb: 'health',
  group: 'look',
  aliases: ['ping'],
  summary: 'how the bot itself is: queue, Slack, store, monitors',
  usage: 'health',
  examples: ['health'],
  where: 'anywhere',
  permission: 'read',
  run: async ({ now, cause }, app) => ({
    text: healthLines(await app.health(cause.inboxKey), now).join('\n'),
  }),
});
