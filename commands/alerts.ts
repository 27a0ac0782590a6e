/** `alerts`: what monitors and other systems told lately, and what became of each, with the reason. */
import { defineCommand } from '../src/app/command.ts';
import { isRefusal } from '../src/app/words.ts';
import { type KnownAlert, OUTCOMES, type Outcome } from '../src/domain/alert.ts';
import { parseDuration } from '../src/domain/duration.ts';
import { type Refusal, refuse } from '../src/domain/refusal.ts';
import type { Settings } from '../src/domain/settings.ts';
import { alertLine } from '../src/slack/views/proposal.ts';
import { code } from '../src/slack/views/text.ts';

const SHOWN = 30;
const DAY_MS = 86_400_000;

export default defineCommand({
  verb: 'alerts',
  group: 'look',
  aliases: ['alert'],
  summary: 'what monitors and others told, and what became of it',
  usage: 'alerts [<outcome>] [<service>] [2h]',
  examples: ['alerts', 'alerts dropped', 'alerts order-status 2h'],
  more: [
    'An outcome is `proposed`, `attached`, `declared`, `silenced` or `dropped`; each has its reason.',
    'Of the last day, unless told; 30 at once, then `page:2`.',
  ],
  where: 'anywhere',
  permission: 'read',
  async run({ words, actor, now, command }, app) {
    const filter = readFilter(words, app.settings);
    if (isRefusal(filter)) return filter;
    const { ms, page, ...asked } = filter;
    const since = new Date(now.getTime() - ms);
    const alerts = await app.alerts({ ...asked, since, skip: (page - 1) * SHOWN });
    const shown = await Promise.all(
      alerts.slice(0, SHOWN).map(async (alert) => {
        const hidden = alert.incident !== undefined && !(await app.isVisible(alert.incident, actor));
        return `${alertLine(alert, now)}\n      ${becameText(alert, hidden)}`;
      }),
    );
    const more = alerts.length - shown.length;
    const lines = [...shown, ...(more > 0 ? [`_and more: add \`page:${page + 1}\`_`] : [])];
    return { text: lines.join('\n') || `None. \`${command} alerts 30d\` looks further back.` };
  },
});

function becameText({ outcome, reason, incident, proposal }: KnownAlert, hidden: boolean): string {
  if (hidden) return outcome;
  const became = incident === undefined ? '' : `, incident ${incident}`;
  const by = proposal === undefined ? '' : ` (proposal ${proposal}${became})`;
  return `${outcome}${by}: ${code(reason)}`;
}

interface Filter {
  readonly ms: number;
  /** From 1 on. */
  readonly page: number;
  readonly outcome?: Outcome;
  readonly service?: string;
}

function readFilter(words: string, { services }: Settings): Filter | Refusal {
  let filter: Filter = { ms: DAY_MS, page: 1 };
  for (const word of words.toLowerCase().split(/\s+/).filter(Boolean)) {
    const outcome = OUTCOMES.find((each) => each === word);
    const ms = parseDuration(word);
    const page = Number(/^page:(\d{1,5})$/.exec(word)?.[1] ?? 0);
    if (page > 0) filter = { ...filter, page };
    else if (outcome) filter = { ...filter, outcome };
    else if (ms !== undefined) filter = { ...filter, ms };
    else if (Object.hasOwn(services, word)) filter = { ...filter, service: word };
    else {
      const known = [...OUTCOMES, '2h', 'page:2', ...Object.keys(services)].join(', ');
      return refuse('UNKNOWN_FILTER', { found: word, known });
    }
  }
  return filter;
}
