/** `escalate`: pages whoever is on call for a team. */
import { defineCommand } from '../src/app/command.ts';
import { intend } from '../src/app/intend.ts';
import { headOf } from '../src/app/words.ts';
import { refuse } from '../src/domain/refusal.ts';

export default defineCommand({
  verb: 'escalate',
  group: 'people',
  aliases: ['page'],
  summary: 'page whoever is on call for a team',
  usage: 'escalate <team> [reason]',
  examples: ['escalate database the order_status table is broken'],
  where: 'incident',
  permission: 'respond',
  async run(request, app) {
    const { head: team, rest } = headOf(request.words);
    const known = app.settings.teams;
    const onCall = known[team]?.onCall;
    if (!onCall)
      return refuse('UNKNOWN_TEAM', { found: team, known: Object.keys(known).join(', ') || 'none yet' });
    const reason = rest ? { reason: rest } : {};
    const wish = { kind: 'escalate', by: request.actor, team, users: onCall, ...reason } as const;
    return intend(
      app,
      request,
      wish,
      () => `Paging ${team}: ${onCall.map((user) => `<@${user}>`).join(', ')}.`,
    );
  },
});
