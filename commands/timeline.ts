/** `timeline`: what happened, newest page first; entries are shown, corrected, and erased by their numbers. */
import type { App } from '../src/app/app.ts';
import { defineCommand, type Permission, type Reply, type Request } from '../src/app/command.ts';
import type { Redacted } from '../src/app/redactions.ts';
import { headOf } from '../src/app/words.ts';
import type { Incident } from '../src/domain/incident.ts';
import { type Refusal, refuse } from '../src/domain/refusal.ts';
import { rowsOf } from '../src/domain/timeline.ts';
import { timelineEntry, timelinePage } from '../src/slack/views/timeline.ts';

export default defineCommand({
  verb: 'timeline',
  group: 'look',
  summary: 'what happened so far; correct an entry, erase a pasted password, pick what the export leaves out',
  usage:
    'timeline [<page> | show <n> | edit <n> <text> | strike <n> [why] | restore <n> | redact <n> <why> | pick]',
  examples: [
    'timeline',
    'timeline 2',
    'timeline show 5',
    'timeline edit 5 the deploy finished at 14:05',
    'timeline strike 5 it was another service',
    'timeline redact 5 a pasted password',
    'timeline pick',
    'timeline pick 3, 7',
  ],
  more: [
    'Words of people (`note`, `message`, `update`, `impact`, `summary`, `cause`, `fix`) can be edited and struck; what they said before stays, and `timeline show <n>` shows it.',
    'What Firebreak itself recorded (status, pages and answers, runs, steps, approvals, monitors, changes, …) is the record: it is neither edited nor struck. A note can say what was wrong with it.',
    '`redact` erases the words of an entry everywhere in the store, and needs `redact`: those in `permissions.redact`, else those in `permissions.approve`. See docs/security.md.',
    '`pick` sets what the export leaves out; `timeline pick none` leaves out nothing.',
  ],
  where: 'incident',
  permission: permissionFor,
  run(request, app) {
    const { head, rest } = headOf(request.words);
    const act = ACTS[head.toLowerCase()];
    if (act) return act(request, app, rest);
    return PAGE.test(request.words) ? page(request, app) : Promise.resolve(malformed(request));
  },
});

const PAGE = /^\d{0,6}$/;

function permissionFor(words: string): Permission {
  const head = headOf(words).head.toLowerCase();
  if (head === 'redact') return 'redact';
  return head === 'show' || PAGE.test(words) ? 'read' : 'respond';
}

type Act = (request: Request, app: App, rest: string) => Promise<Reply | Refusal>;

const ACTS: Readonly<Record<string, Act>> = {
  show,
  edit: (request, app, rest) => correct(request, app, rest, 'text', 'corrected; what it said before stays'),
  strike: (request, app, rest) =>
    correct(request, app, rest, 'struck', 'struck; `timeline restore` counts it again'),
  pick,
  redact,
  restore: (request, app, rest) => correct(request, app, rest, 'restored', 'restored: it counts again'),
};

const malformed = ({ words }: Request): Refusal => refuse('TIMELINE_MALFORMED', { found: words });

async function page({ incident = 0, words }: Request, app: App): Promise<Reply | Refusal> {
  const record = await app.record(incident);
  if (!record) return refuse('INCIDENT_UNKNOWN', { found: incident });
  return timelinePage(incident, rowsOf(record.timeline), Number(words || 1));
}

async function show(request: Request, app: App, rest: string): Promise<Reply | Refusal> {
  const { seq, text } = numberIn(rest);
  if (seq === undefined || text !== '') return malformed(request);
  const row = await app.timelineRow(request.incident ?? 0, seq);
  return 'ok' in row ? row : { text: timelineEntry(row) };
}

async function correct(
  request: Request,
  app: App,
  rest: string,
  what: Parameters<App['correct']>[1]['what'],
  done: string,
): Promise<Reply | Refusal> {
  const { seq, text } = numberIn(rest);
  if (seq === undefined) return malformed(request);
  const { actor: by, incident = 0, cause } = request;
  const made = await app.correct(incident, { by, seq, what, text }, cause);
  return made.ok ? { text: `Entry ${seq} is ${done}.` } : made;
}

async function redact(request: Request, app: App, rest: string): Promise<Reply | Refusal> {
  const { seq, text: reason } = numberIn(rest);
  const { actor: by, incident = 0, cause } = request;
  if (seq === undefined) return malformed(request);
  const verb = 'timeline redact';
  if (reason === '') return refuse('REASON_MISSING', { verb, example: `${verb} ${seq} a pasted password` });
  const done = await app.redact(incident, { by, seq, reason }, cause);
  return done.ok ? { text: redacted(done) } : done;
}

const redacted = ({ erased, elsewhere, amended, links, files, pagers, issues }: Redacted): string =>
  [
    `${erased.length === 1 ? 'Entry' : 'Entries'} ${erased.join(', ')} redacted: the words are erased from the store, and the chain still verifies.`,
    ...(elsewhere > 0 ? [`They were also in ${elsewhere} places of other incidents.`] : []),
    ...(amended > 0 ? [`What I said with them in Slack is being changed: ${amended} messages.`] : []),
    ...(links.length > 0
      ? [`What people wrote stays in Slack until they or an administrator delete it: ${links.join(' ')}`]
      : []),
    ...(files.length > 0
      ? [`Delete these files in the channel, they were made before: ${files.join(', ')}.`]
      : []),
    ...(pagers.length > 0 ? [`They also went to ${pagers.join(', ')}: erase them there.`] : []),
    ...(issues.length > 0 ? [`They are also in ${issues.join(', ')}: edit what it says there.`] : []),
    'A password that was pasted is known: change it. What else keeps copies is in docs/security.md.',
  ].join('\n');

/** `pick` asks by a form; `pick 3, 7` and `pick none` say it; the form says `pick 3 of 1-40`, all others stay. */
async function pick(request: Request, app: App, rest: string): Promise<Reply | Refusal> {
  const { actor: by, incident = 0, cause } = request;
  if (rest === '' || /^page\s+\d{1,4}$/i.test(rest))
    return askToPick(request, app, Number(rest.slice(5) || 1));
  const [, listed = '', from = '0', to = '999999999'] =
    /^(none|[\d,\s#]+?)(?:\s+of\s+(\d{1,9})-(\d{1,9}))?$/i.exec(rest) ?? [];
  const leftOut = (listed.match(/\d{1,9}/g) ?? []).map(Number);
  if (listed === '' || (leftOut.length === 0 && listed.toLowerCase() !== 'none')) return malformed(request);
  const known = await app.timelineNumbers(incident);
  const stranger = leftOut.find((seq) => !known.includes(seq));
  if (stranger !== undefined) return refuse('ENTRY_UNKNOWN', { found: stranger, count: known.at(-1) ?? 0 });
  const among = { from: Number(from), to: Number(to) };
  const made = await app.act(incident, { kind: 'pick', by, leftOut, among }, cause);
  return made.ok ? { text: saidOf(made.incident) } : made;
}

async function askToPick(request: Request, app: App, shown: number): Promise<Reply | Refusal> {
  const { incident = 0, command } = request;
  const known = await app.incident(incident);
  if (!known) return refuse('INCIDENT_UNKNOWN', { found: incident });
  return {
    text: `${saidOf(known)} To set it: \`${command} timeline pick 3, 7\`, or \`${command} timeline pick none\`.`,
    form: { kind: 'pick', incident, page: shown },
  };
}

const saidOf = ({ leftOut }: Pick<Incident, 'leftOut'>): string =>
  leftOut.length === 0
    ? 'Nothing is left out of the export.'
    : `Left out of the export: ${leftOut.join(', ')}.`;

/** `5 text`, `#5: text` */
function numberIn(words: string): { readonly seq: number | undefined; readonly text: string } {
  const [, number, text = ''] = /^#?(\d{1,9})(?:[:,]|(?=\s|$))\s*([\s\S]*)$/.exec(words) ?? [];
  return { seq: number === undefined ? undefined : Number(number), text: text.trim() };
}
