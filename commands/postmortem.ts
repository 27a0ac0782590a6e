/** `postmortem`: exports the report as Markdown into the channel. */
import { defineCommand } from '../src/app/command.ts';

export default defineCommand({
  verb: 'postmortem',
  group: 'record',
  aliases: ['pm', 'export'],
  summary: 'export the postmortem as Markdown',
  usage: 'postmortem',
  examples: ['postmortem', 'postmortem inc-3'],
  where: 'incident',
  permission: 'respond',
  async run({ incident = 0, actor, inboxKey }, app) {
    const done = await app.postmortem(incident, actor, { inboxKey });
    return done.ok ? { text: 'The postmortem is being posted to the incident channel.' } : done;
  },
});
