/** `oncall`: who is paged for which team. */
import { defineCommand } from '../src/app/command.ts';

export default defineCommand({
  verb: 'oncall',
  group: 'people',
  summary: 'who is paged for which team',
  usage: 'oncall',
  examples: ['oncall'],
  where: 'anywhere',
  permission: 'read',
  run(_request, app) {
    const lines = Object.entries(app.settings.teams).map(
      ([team, { onCall }]) => `*${team}*: ${onCall.map((user) => `<@${user}>`).join(', ') || 'nobody'}`,
    );
    return Promise.resolve({ text: lines.join('\n') || 'No teams are named in firebreak.yml.' });
  },
});
