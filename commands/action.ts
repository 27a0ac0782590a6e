/** `action`: adds, finishes or lists action items. */
import { type App } from '../src/app/app.ts';
import { defineCommand, type Reply, type Request } from '../src/app/command.ts';
import { intend } from '../src/app/intend.ts';
import { person } from '../src/domain/actor.ts';
import { type Refusal, refuse } from '../src/domain/refusal.ts';
import { parseDay } from '../src/domain/when.ts';

export default defineCommand({
  verb: 'action',
  group: 'record',
  aliases: ['task', 'followup'],
  summary: 'add an action item with owner and deadline, finish one, or list them',
  usage: 'action [<text> [@owner] [due <day>]] | action done <n>',
  examples: ['action test migrations on a copy of the data @dba due 2026-12-15', 'action done 1', 'action'],
  where: 'incident',
  permission: (words) => (words === '' ? 'read' : 'respond'),
  async run(request, app) {
    const done = /^done\s+#?(\d+)$/i.exec(request.words)?.[1];
    if (request.words === '') return list(app, request);
    if (done === undefined) return add(app, request);
    const wish = { kind: 'finish-action', by: request.actor, number: Number(done) } as const;
    return intend(app, request, wish, () => `Action item ${done} is done.`);
  },
});

async function add(app: App, request: Request): Promise<Reply | Refusal> {
  const [, before = request.words, day] = /^([\s\S]*?)\s+due\s+(\S+)\s*$/i.exec(request.words) ?? [];
  const due =
    day === undefined ? undefined : parseDay(day, { now: request.now, timezone: app.settings.timezone });
  if (due && !due.ok) return due;
  const [, text = before, owner] = /^([\s\S]*?)\s+<@([UW][A-Z0-9]+)>\s*$/.exec(before) ?? [];
  const wish = {
    kind: 'add-action',
    by: request.actor,
    text,
    ...(owner ? { owner } : {}),
    ...(due ? { due: due.day } : {}),
  } as const;
  return intend(app, request, wish, ({ actionItems }) => `Action item ${actionItems.length} added.`);
}

async function list(app: App, { incident = 0 }: Request): Promise<Reply | Refusal> {
  const known = await app.incident(incident);
  if (!known) return refuse('INCIDENT_UNKNOWN', { found: incident });
  const lines = known.actionItems.map(
    ({ number, text, owner, due, done }) =>
      `${number}. ${done ? `~${text}~` : text} (${owner ? person(owner) : 'no owner'}, ${due ? `due ${due}` : 'no deadline'})`,
  );
  return { text: lines.join('\n') || 'No action items yet.' };
}
