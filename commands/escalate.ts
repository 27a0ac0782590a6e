/** `escalate`: pages whoever is on call for a team, level after level until somebody acknowledges. */
import { type App } from '../src/app/app.ts';
import { defineCommand, type Reply } from '../src/app/command.ts';
import { headOf } from '../src/app/words.ts';
import { type Refusal, refuse } from '../src/domain/refusal.ts';

export default defineCommand({
  verb: 'escalate',
  group: 'people',
  aliases: ['page'],
  summary: 'page who is on call for a team, until somebody answers',
  usage: 'escalate [<team> [reason]]',
  examples: ['escalate database the order_status table is broken', 'escalate'],
  where: 'incident',
  permission: 'respond',
  async run({ incident = 0, actor, words, cause }, app) {
    // Phones make one long dash of two.
    const again = /^(?:--|—|–)again\s+/i.exec(words)?.[0] ?? '';
    const { head, rest } = headOf(words.slice(again.length));
    const team = teamOf(app, head) ?? (await teamOfService(app, incident, head));
    if (team === undefined) return asked(app, incident);
    const reason = head === '' ? '' : rest;
    const done = await app.escalate(
      incident,
      { by: actor, team, ...(reason === '' ? {} : { reason }), ...(again === '' ? {} : { again: true }) },
      cause,
    );
    if (!done.ok) return done;
    const paged = done.incident.escalations.at(-1);
    const people = done.incident.pages.filter(({ escalation }) => escalation === paged?.number);
    const whom = people.map(({ user }) => `<@${user}>`).join(', ') || 'by other ways than Slack';
    return { text: `Paging ${team}: ${whom}. The channel hears of each answer.` };
  },
});

/** As it was typed; in any case, and with a leading `@` or `#`. */
function teamOf({ settings }: App, word: string): string | undefined {
  const wanted = word.replace(/^[@#]/, '').toLowerCase();
  if (word === '') return undefined;
  return Object.keys(settings.teams).find((team) => team.toLowerCase() === wanted) ?? wanted;
}

/** Without a name: the team of the incident's service. */
async function teamOfService(app: App, incident: number, word: string): Promise<string | undefined> {
  if (word !== '') return undefined;
  const service = (await app.incident(incident))?.service;
  return service === undefined ? undefined : app.settings.services[service]?.team;
}

function asked({ settings }: App, incident: number): Reply | Refusal {
  const known = Object.keys(settings.teams).join(', ');
  const { message, fix } = {
    message: 'Which team?',
    fix: `Say \`escalate <team>\`: ${known || 'none yet'}.`,
  };
  if (known === '') return refuse('UNKNOWN_TEAM', { found: '', known: 'none yet' });
  return { text: `${message} ${fix}`, refused: true, form: { kind: 'escalate', incident } };
}
