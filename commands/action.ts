/** `action`: what is left to do: added, assigned, given a deadline, finished, listed. */
import { type ActionWords, readAction } from '../src/app/action-words.ts';
import type { App } from '../src/app/app.ts';
import { defineCommand, type Reply, type Request } from '../src/app/command.ts';
import { intend } from '../src/app/intend.ts';
import { readPerson } from '../src/app/words.ts';
import { person } from '../src/domain/actor.ts';
import { dayWithWeekday, parseDeadline } from '../src/domain/deadline.ts';
import type { ActionItem } from '../src/domain/incident.ts';
import { type Refusal, refuse } from '../src/domain/refusal.ts';
import { dayOn } from '../src/domain/when.ts';

export default defineCommand({
  verb: 'action',
  group: 'record',
  aliases: ['task', 'followup'],
  summary: 'add an action item with owner and deadline; list, finish, assign or move them',
  usage: 'action [<text> [@owner] [by <day>]] | action done|reopen|assign|due <n> …',
  examples: [
    'action add test migrations on a copy of the data @dba by 30 June',
    'action done 1',
    'action assign 1 @dba',
    'action due 1 +2w',
    'action list overdue',
  ],
  where: 'incident',
  permission: (words) => (readAction(words).kind === 'list' ? 'read' : 'respond'),
  isOwn(words, { actionItems }, actor) {
    const said = readAction(words);
    if (said.kind !== 'done' && said.kind !== 'due') return false;
    return actionItems.some(({ number, owner }) => number === said.number && owner === actor);
  },
  run(request, app) {
    const said = readAction(request.words);
    switch (said.kind) {
      case 'list':
        return list(app, request, said.which);
      case 'add':
        return add(app, request, said);
      case 'done':
      case 'reopen':
        return turn(app, request, said);
      case 'assign':
        return assign(app, request, said);
      case 'due':
        return move(app, request, said);
      case 'numberless':
        return Promise.resolve(refuseNumber(said));
    }
  },
});

type Said<K extends ActionWords['kind']> = Extract<ActionWords, { kind: K }>;

async function add(
  app: App,
  request: Request,
  { text, owner, deadline }: Said<'add'>,
): Promise<Reply | Refusal> {
  const due = deadline === undefined ? undefined : parseDeadline(deadline, clockOf(app, request));
  if (due && !due.ok) return due;
  const wish = {
    kind: 'add-action',
    by: request.actor,
    text,
    ...(owner ? { owner } : {}),
    ...(due ? { due: due.day } : {}),
  } as const;
  return intend(app, request, wish, ({ actionItems }) => {
    const item = actionItems.at(-1);
    return `Action item ${actionItems.length} added${item ? ` (${facts(item)})` : ''}.`;
  });
}

function turn(
  app: App,
  request: Request,
  { kind, number }: Said<'done' | 'reopen'>,
): Promise<Reply | Refusal> {
  const wish = {
    kind: kind === 'done' ? 'finish-action' : 'reopen-action',
    by: request.actor,
    number,
  } as const;
  return intend(
    app,
    request,
    wish,
    () => `Action item ${number} is ${kind === 'done' ? 'done' : 'open again'}.`,
  );
}

async function assign(
  app: App,
  request: Request,
  { number, rest }: Said<'assign'>,
): Promise<Reply | Refusal> {
  const example = `action assign ${number} @dba`;
  const owner = readPerson(rest, request);
  if (owner === undefined) return refuse('PERSON_MISSING', { found: rest, example });
  if (owner.startsWith('terminal:')) return refuse('ONLY_FROM_SLACK', { verb: 'action assign', example });
  const wish = { kind: 'assign-action', by: request.actor, number, owner } as const;
  return intend(app, request, wish, () => `Action item ${number} belongs to ${person(owner)} now.`);
}

async function move(app: App, request: Request, { number, rest }: Said<'due'>): Promise<Reply | Refusal> {
  const due = parseDeadline(rest, clockOf(app, request));
  if (!due.ok) return due;
  const wish = { kind: 'due-action', by: request.actor, number, due: due.day } as const;
  return intend(app, request, wish, () => `Action item ${number} is due on ${dayWithWeekday(due.day)} now.`);
}

async function list(app: App, request: Request, which: Said<'list'>['which']): Promise<Reply | Refusal> {
  const { incident = 0, actor } = request;
  const known = await app.incident(incident);
  if (!known) return refuse('INCIDENT_UNKNOWN', { found: incident });
  const { now, timezone } = clockOf(app, request);
  const today = dayOn(now, timezone);
  const late = (item: ActionItem): boolean => !item.done && item.due !== undefined && item.due < today;
  const shown: Readonly<Record<typeof which, (item: ActionItem) => boolean>> = {
    open: ({ done }) => !done,
    all: () => true,
    mine: ({ done, owner }) => !done && owner === actor,
    overdue: late,
  };
  const items = known.actionItems.filter(shown[which]);
  const done = known.actionItems.filter((item) => item.done).length;
  const more = which === 'open' && done > 0 ? [`${done} done; \`action list all\` shows them.`] : [];
  const lines = items.map((item) => `${late(item) ? ':red_circle: ' : ''}${lineOf(item)}`);
  return { text: [...(lines.length > 0 ? lines : [NONE[which]]), ...more].join('\n') };
}

const NONE: Readonly<Record<Said<'list'>['which'], string>> = {
  open: 'No open action items.',
  all: 'No action items yet.',
  mine: 'No open action items of yours.',
  overdue: 'No overdue action items.',
};

const lineOf = (item: ActionItem): string =>
  `${item.number}. ${item.done ? `~${item.text}~` : item.text} (${facts(item)})${item.issue ? ` ${item.issue.url}` : ''}`;

const facts = ({ owner, due }: ActionItem): string =>
  `${owner ? person(owner) : 'no owner'}, ${due ? `due ${dayWithWeekday(due)}` : 'no deadline'}`;

const refuseNumber = ({ verb, found }: Said<'numberless'>): Refusal =>
  refuse('ACTION_NUMBER_MISSING', {
    verb,
    found,
    example: `action ${verb} 1${verb.endsWith('assign') ? ' @dba' : ''}`,
  });

const clockOf = ({ settings }: App, { cause }: Request) => ({
  now: cause.saidAt,
  timezone: settings.timezone,
});
