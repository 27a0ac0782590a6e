/** `attach`: what was proposed belongs to an incident that is open already. */
import { defineCommand } from '../src/app/command.ts';
import { refuse } from '../src/domain/refusal.ts';

export default defineCommand({
  verb: 'attach',
  group: 'run',
  summary: 'what was proposed belongs to an open incident',
  usage: 'attach proposal:<number>',
  examples: ['attach proposal:3', 'attach inc-2 proposal:3'],
  where: 'incident',
  permission: 'respond',
  async run({ words, actor, incident = 0, cause }, app) {
    const number = /^(?:proposal:|#)?(\d{1,9})$/i.exec(words)?.[1];
    if (number === undefined) return refuse('ATTACH_WHAT', { found: words });
    const done = await app.attach({ by: actor, proposal: Number(number), incident }, cause);
    return done.ok ? { text: `Proposal ${number} belongs to incident ${incident} now.` } : done;
  },
});
