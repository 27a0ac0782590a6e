/** One typed line becomes one verb: found, permitted, placed in an incident, run. */
import { STATUSES } from '../domain/incident.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import { storable } from '../domain/storable.ts';
import type { App, DeclareWish, Directory } from './app.ts';
import { type Command, permissionOf, type Reply, type Request } from './command.ts';
import { findCommand } from './find-command.ts';
import { readLine, type Vocabulary, vocabularyOf } from './line.ts';
import { forbidden } from './permit.ts';
import { refusalReply } from './refusal-text.ts';
import { isUnanswerable, saidAt } from './said-at.ts';
import { suggest } from './suggest.ts';

export interface Line {
  /** What was typed after the slash command's name. */
  readonly text: string;
  readonly actor: string;
  readonly channelId?: string;
  readonly inboxKey?: string;
  /** Said by a form: a refusal stands at its fields, or is told by who ends its row. */
  readonly byForm?: true;
  /** When it was said, as far as is known. */
  readonly receivedAt: Date;
  /** The message it is about, when it was said in a thread: a declaration begins with it. */
  readonly source?: DeclareWish['source'];
}

export interface Dispatch {
  /** Throws ALREADY_DONE where another instance has ended the delivery meanwhile: that one answers. */
  (line: Line): Promise<Reply>;
  /** True for a line that must not be replayed when it is old. */
  isDangerous(text: string): boolean;
}

export interface DispatchParts {
  readonly app: App;
  readonly directory: Directory;
  readonly commands: readonly Command[];
}

export function createDispatch(given: DispatchParts): Dispatch {
  const parts = { ...given, vocabulary: vocabulary(given) };
  const dispatch = async (line: Line): Promise<Reply> => {
    const cause = causeOf(line, parts.app.now());
    const answer = await answerLine(parts, line, cause);
    const reply = 'ok' in answer ? refusalReply(answer) : answer;
    // Its person could not read here why: the row is left to who tells them.
    const isLeft = reply.refused && (line.byForm || isUnanswerable(line.receivedAt, parts.app.now()));
    if (!isLeft) await parts.app.settle(cause);
    return reply;
  };
  const isDangerous = (text: string): boolean => {
    // Where it was typed decides between readings that are harmless, never about one that is not.
    const { verb, rest } = readLine(text, parts.vocabulary, { inIncident: false });
    const command = findCommand(parts.commands, verb);
    if (command === undefined) return false;
    if (command.expires) return true;
    return permissionOf(command, nameIncident(command, rest).words, parts.app.runbooks) === 'dangerous';
  };
  return Object.assign(dispatch, { isDangerous });
}

/** `cancelled` is no status that one can type: it is reached by `cancel`. */
const vocabulary = ({ app, commands }: DispatchParts): Vocabulary =>
  vocabularyOf(commands, {
    severities: app.settings.severities.map(({ name }) => name),
    statuses: STATUSES.filter((status) => status !== 'cancelled'),
    roles: app.settings.roles.map(({ name }) => name),
  });

const causeOf = ({ inboxKey, receivedAt }: Line, now: Date): Request['cause'] => ({
  inboxKey,
  saidAt: saidAt({ saidAt: receivedAt }, now),
});

async function answerLine(
  parts: DispatchParts & { readonly vocabulary: Vocabulary },
  line: Line,
  cause: Request['cause'],
): Promise<Reply | Refusal> {
  const { app, commands, directory } = parts;
  const text = await meetMentioned(app, storable(line.text));
  const here = await channelIncident(app, line.channelId);
  const where = { inIncident: here !== undefined };
  const { verb, rest } = readLine(text, parts.vocabulary, where);
  const command = findCommand(commands, verb);
  if (!command) {
    const { command: name } = app.settings;
    const near = suggest({ ...where, text, command: name }, parts.vocabulary);
    return refuse('UNKNOWN_VERB', { found: verb, near: near.text, command: name }, near.offers);
  }
  const named = nameIncident(command, rest);
  const own = await isOwn(app, command, line.actor, here, named);
  const permission = permissionOf(command, named.words, app.runbooks);
  const refused = own ? undefined : await forbidden(app.settings, directory, line.actor, permission);
  if (refused) return refused;
  const placed = own
    ? { words: named.words, incident: named.incident ?? here }
    : await place(app, command, line.actor, here, named);
  if ('ok' in placed) return placed;
  return command.run({ ...requestOf(app, commands, line), cause, ...placed }, app);
}

const requestOf = (
  app: App,
  commands: readonly Command[],
  line: Line,
): Omit<Request, 'words' | 'incident' | 'cause'> => {
  const { actor, source } = line;
  return { actor, now: app.now(), source, command: app.settings.command, commands };
};

/** The incident that a line names by number (`inc-3`, `#3`); the words without it. `declare #3 fails` names none. */
function nameIncident({ where, takesIncident }: Command, rest: string): Pick<Request, 'words' | 'incident'> {
  const named = where === 'incident' ? /^(?:inc-|#)(\d{1,9})\b\s*/i.exec(rest) : null;
  const isObject = takesIncident && named?.[0].length === rest.length;
  return named && !isObject
    ? { words: rest.slice(named[0].length), incident: Number(named[1]) }
    : { words: rest, incident: undefined };
}

/** An owner may finish what they own, also of an incident that they may not look at. */
async function isOwn(
  app: App,
  command: Command,
  actor: string,
  here: number | undefined,
  { words, incident: named }: Pick<Request, 'words' | 'incident'>,
): Promise<boolean> {
  const id = named ?? here;
  const incident = command.isOwn && id !== undefined ? await app.incident(id) : undefined;
  return incident !== undefined && command.isOwn?.(words, incident, actor) === true;
}

/** In the incident that was named, else in that of the channel. */
async function place(
  app: App,
  command: Command,
  actor: string,
  here: number | undefined,
  { words, incident: named }: Pick<Request, 'words' | 'incident'>,
): Promise<Pick<Request, 'words' | 'incident'> | Refusal> {
  // In its channel somebody is a member; elsewhere one that they may not know of is as one that does not exist.
  if (named !== undefined && named !== here && !(await app.isVisible(named, actor)))
    return refuse('INCIDENT_UNKNOWN', { found: named });
  const incident = named ?? here;
  if (command.where === 'anywhere' || incident !== undefined) return { words, incident };
  const open = await app.incidents({ state: 'open' }, actor);
  const known = open
    .map(({ id, title, channelId }) => `inc-${id} ${channelId ? `<#${channelId}>` : title}`)
    .join(', ');
  return refuse('NOT_IN_INCIDENT', {
    verb: command.verb,
    command: app.settings.command,
    open: known || 'none',
    example: open[0]?.id ?? 1,
  });
}

const channelIncident = (app: App, channelId: string | undefined): Promise<number | undefined> =>
  channelId === undefined ? Promise.resolve(undefined) : app.incidentOfChannel(channelId);

/** Slack escapes people as `<@U123|name>`: the name is remembered, the line keeps the id. */
async function meetMentioned(app: App, text: string): Promise<string> {
  for (const [, id, name] of text.matchAll(/<@([UW][A-Z0-9]+)\|([^>]+)>/g)) {
    if (id !== undefined && name !== undefined) await app.meet(id, name);
  }
  return text.replace(/<@([UW][A-Z0-9]+)\|[^>]*>/g, '<@$1>');
}
