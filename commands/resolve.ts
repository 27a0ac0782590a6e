/** `resolve`: it is over. Asks for what only now is fresh; archives nothing. */
import { defineCommand } from '../src/app/command.ts';
import { intend } from '../src/app/intend.ts';
import { isRefusal } from '../src/app/words.ts';

export default defineCommand({
  verb: 'resolve',
  group: 'run',
  aliases: ['resolved', 'close'],
  summary: 'it is over; asks what fixed it, archives nothing',
  usage: 'resolve [what fixed it]',
  examples: ['resolve migration rolled back, rows repaired'],
  where: 'incident',
  permission: 'respond',
  async run(request, app) {
    const { words, command, incident = 0, actor: by } = request;
    const wish = { kind: 'resolve', by, ...(words ? { message: words } : {}) } as const;
    const next = `\`${command} postmortem\` exports the report, \`${command} action …\` adds what is left to do.`;
    const done = await intend(app, request, wish, () => `Resolved. ${next}`);
    // Done already: the form only asks for more, and can be closed.
    return words !== '' || isRefusal(done)
      ? done
      : { ...done, form: { kind: 'wrap-up', incident, after: true } };
  },
});
