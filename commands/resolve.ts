/** `resolve`: it is over. */
import { defineCommand } from '../src/app/command.ts';
import { intend } from '../src/app/intend.ts';

export default defineCommand({
  verb: 'resolve',
  group: 'run',
  aliases: ['resolved', 'close'],
  summary: 'it is over; archives nothing',
  usage: 'resolve [what fixed it]',
  examples: ['resolve migration rolled back, rows repaired'],
  where: 'incident',
  permission: 'respond',
  run(request, app) {
    const message = request.words ? { message: request.words } : {};
    const wish = { kind: 'resolve', by: request.actor, ...message } as const;
    return intend(
      app,
      request,
      wish,
      () => `Resolved. \`${request.command} postmortem\` exports the report.`,
    );
  },
});
