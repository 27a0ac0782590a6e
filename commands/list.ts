/** `list`: the incidents, by what they are. */

import type { App } from '../src/app/app.ts';
import { defineCommand, type Request } from '../src/app/command.ts';
import { isRefusal, looksLikeSeverity, readSeverity } from '../src/app/words.ts';
import { KINDS } from '../src/domain/incident.ts';
import { type Refusal, refuse } from '../src/domain/refusal.ts';
import type { Settings } from '../src/domain/settings.ts';
import { listLine } from '../src/slack/views/summary.ts';

type Filter = Parameters<App['incidents']>[0];

const STATES: Readonly<Record<string, Filter['state']>> = {
  open: 'open',
  all: 'all',
  closed: 'ended',
  ended: 'ended',
  resolved: 'ended',
};
const SHOWN = 50;

export default defineCommand({
  verb: 'list',
  group: 'look',
  aliases: ['ls', 'incidents'],
  summary: 'incidents: open ones, or by state, severity, service, kind, or your own',
  usage: 'list [open | ended | all] [mine] [sev1-sev5] [drill] [<service>]',
  examples: ['list', 'list all sev1', 'list mine', 'list ended'],
  where: 'anywhere',
  permission: 'read',
  async run(request, app) {
    const filter = readFilter(request, app.settings);
    if (isRefusal(filter)) return filter;
    const incidents = await app.incidents(filter, request.actor);
    const more = incidents.length - SHOWN;
    const lines = [
      ...incidents.slice(0, SHOWN).map(listLine),
      ...(more > 0 ? [`_and ${more} more: say more of what you look for_`] : []),
    ];
    return { text: lines.join('\n') || `None. \`${request.command} list all\` shows the ended ones too.` };
  },
});

function readFilter({ words, actor }: Request, settings: Settings): Filter | Refusal {
  let filter: Filter = { state: 'open' };
  for (const word of words.toLowerCase().split(/\s+/).filter(Boolean)) {
    const more = readWord(word, actor, settings);
    if (isRefusal(more)) return more;
    filter = { ...filter, ...more };
  }
  return filter;
}

function readWord(word: string, actor: string, settings: Settings): Partial<Filter> | Refusal {
  const state = STATES[word];
  if (state) return { state };
  if (word === 'mine' || word === 'me') return { person: actor };
  const kind = KINDS.find((each) => each === word.replace(/s$/, ''));
  if (kind) return { kind };
  if (looksLikeSeverity(word, settings)) {
    const severity = readSeverity(word, settings);
    return isRefusal(severity) ? severity : { severity };
  }
  if (word in settings.services) return { service: word };
  const known = ['open', 'ended', 'all', 'mine', ...KINDS, ...settings.severities.map(({ name }) => name)];
  return refuse('UNKNOWN_FILTER', {
    found: word,
    known: [...known, ...Object.keys(settings.services)].join(', '),
  });
}
