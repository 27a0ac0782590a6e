/** `oncall`: who is paged for which team, now and next. */
import { defineCommand } from '../src/app/command.ts';
import { refuse } from '../src/domain/refusal.ts';
import { onCallLines } from '../src/slack/views/on-call.ts';

export default defineCommand({
  verb: 'oncall',
  group: 'people',
  aliases: ['who'],
  summary: 'who is on call, now and next',
  usage: 'oncall [team]',
  examples: ['oncall', 'oncall database'],
  where: 'anywhere',
  permission: 'read',
  async run({ words }, app) {
    const known = Object.keys(app.settings.teams);
    if (known.length === 0) return { text: 'No teams are named in firebreak.yml.' };
    const wanted = words.replace(/^[@#]/, '').toLowerCase();
    const isWanted = (name: string): boolean => wanted === '' || name.toLowerCase() === wanted;
    if (!known.some(isWanted)) return refuse('UNKNOWN_TEAM', { found: wanted, known: known.join(', ') });
    const teams = Object.entries(await app.onCall()).filter(([name]) => isWanted(name));
    return { text: teams.flatMap(([name, levels]) => onCallLines(name, levels)).join('\n') };
  },
});
