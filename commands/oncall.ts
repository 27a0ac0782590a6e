/** `oncall`: who is paged for which team. */
import { defineCommand } from '../src/app/command.ts';
import { namedPeople } from '../src/domain/team.ts';

export default defineCommand({
  verb: 'oncall',
  summary: 'who is paged for which team',
  usage: 'oncall',
  examples: ['oncall'],
  where: 'anywhere',
  permission: 'read',
  run(_request, app) {
    const lines = Object.entries(app.settings.teams).map(
      ([name, team]) =>
        `*${name}*: ${
          namedPeople(team)
            .map((user) => `<@${user}>`)
            .join(', ') || 'nobody'
        }`,
    );
    return Promise.resolve({ text: lines.join('\n') || 'No teams are named in firebreak.yml.' });
  },
});
