/** `postmortem`: exports the report as Markdown into the channel; `postmortem write` fills in what only people know. */
import { defineCommand } from '../src/app/command.ts';
import { writeLine, writeOffer } from '../src/app/report-line.ts';

export default defineCommand({
  verb: 'postmortem',
  group: 'record',
  aliases: ['pm', 'export'],
  summary: 'export the postmortem as Markdown; fill in what only people know',
  usage: 'postmortem [write [<section>]]',
  examples: ['postmortem', 'postmortem inc-3', 'postmortem write', 'postmortem write 5'],
  where: 'incident',
  permission: 'respond',
  async run(request, app) {
    const [, rest] = /^write\b\s*([^]*)$/i.exec(request.words) ?? [];
    if (rest !== undefined) return writeLine(app, request, rest);
    const { incident = 0, actor, cause } = request;
    const done = await app.postmortem(incident, actor, cause);
    if (!done.ok) return done;
    return {
      text: 'The postmortem is being posted to the incident channel.',
      offers: await writeOffer(app, incident),
    };
  },
});
