/** `role`: gives somebody a role in the incident, or claims it. */
import { defineCommand } from '../src/app/command.ts';
import { assign } from '../src/app/intend.ts';
import { headOf, isRefusal, readRole } from '../src/app/words.ts';

export default defineCommand({
  verb: 'role',
  group: 'people',
  aliases: ['assign'],
  summary: 'claim a role, give it to somebody, or take it over',
  usage: 'role <role> [@user | take]',
  examples: ['role scribe @support', 'role deputy', 'role deputy take'],
  where: 'incident',
  permission: 'respond',
  async run(request, app) {
    const { head, rest } = headOf(request.words);
    const role = readRole(head, app.settings);
    return isRefusal(role) ? role : assign(app, request, role.name, rest, `role ${role.name} @support`);
  },
});
