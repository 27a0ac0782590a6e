/** `duplicate`: it is the same as another incident; work goes on there. */
import { defineCommand } from '../src/app/command.ts';
import { headOf } from '../src/app/words.ts';
import { refuse } from '../src/domain/refusal.ts';

export default defineCommand({
  verb: 'duplicate',
  group: 'run',
  aliases: ['dup', 'dupe'],
  summary: 'close it as the same as another one; its followers are invited there',
  usage: 'duplicate <incident>',
  examples: ['duplicate inc-1'],
  where: 'incident',
  takesIncident: true,
  permission: 'respond',
  async run({ incident = 0, words, actor, cause }, app) {
    const word = headOf(words.replace(/^of\s+/i, '')).head;
    const number = /^(?:inc-|#)?(\d{1,9})$/i.exec(word)?.[1];
    const linked = /^<#([CG][A-Z0-9]+)(?:\|[^>]*)?>$/.exec(word)?.[1];
    const of = number === undefined ? linked && (await app.incidentOfChannel(linked)) : Number(number);
    if (of === undefined || of === '') return refuse('DUPLICATE_OF_WHAT', { found: words });
    // The number of a private incident must not be found out by its channel.
    if (linked && !(await app.isVisible(of, actor))) return refuse('DUPLICATE_OF_WHAT', { found: words });
    const done = await app.duplicate(incident, of, actor, cause);
    return done.ok
      ? { text: `Closed as a duplicate of incident ${of}. Its followers are invited there.` }
      : done;
  },
});
