/** `role`: gives somebody a role in the incident. */
import { defineCommand } from '../src/app/command.ts';
import { assign } from '../src/app/intend.ts';
import { headOf } from '../src/app/words.ts';
import { ROLES } from '../src/domain/incident.ts';
import { refuse } from '../src/domain/refusal.ts';

export default defineCommand({
  verb: 'role',
  group: 'people',
  aliases: ['assign'],
  summary: 'give somebody a role',
  usage: `role <${ROLES.join(' | ')}> [@user]`,
  examples: ['role scribe @support', 'role deputy'],
  where: 'incident',
  permission: 'respond',
  async run(request, app) {
    const { head, rest } = headOf(request.words);
    const role = ROLES.find((each) => each === head.toLowerCase());
    if (!role) return refuse('UNKNOWN_ROLE', { found: head, known: ROLES.join(', ') });
    return assign(app, request, role, rest || 'me', `role ${role} @support`);
  },
});
