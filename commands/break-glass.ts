/** `break-glass`: approves a plan alone, when nobody else can be reached; those who approve are paged. */
import { defineCommand } from '../src/app/command.ts';
import { refuse } from '../src/domain/refusal.ts';

export default defineCommand({
  verb: 'break-glass',
  group: 'database',
  summary: 'approve a plan alone; all who may approve are paged',
  usage: 'break-glass <run> <plan> <reason>',
  examples: ['break-glass 4 1a2b3c4d5e6f nobody answers and every order fails'],
  more: [
    'Only those whom `permissions.break_glass` names, and nobody until it does. It counts against the breaker.',
  ],
  where: 'incident',
  permission: 'dangerous',
  async run({ words, actor, cause, incident }, app) {
    const [, run, plan, reason] = /^#?(\d{1,9})\s+`?([0-9a-f]{12,64})`?\s+(\S[\s\S]*)$/.exec(words) ?? [];
    if (run === undefined || plan === undefined || reason === undefined)
      return refuse('GLASS_MALFORMED', { found: words });
    if ((await app.run(Number(run)))?.incidentId !== incident) return refuse('RUN_UNKNOWN', { found: run });
    const done = await app.breakGlass({ run: Number(run), plan, by: actor, reason }, cause);
    return done.ok
      ? { text: `Run ${run} goes on by your word alone. Everybody who may approve is paged.` }
      : done;
  },
});
