/** After nothing was heard for a while: what was said, edited, deleted and marked meanwhile is read, and the gap noted. */
import { entry } from '../domain/decision.ts';
import { isOpen } from '../domain/incident.ts';
import { duration } from '../domain/metrics.ts';
import { tsOf } from '../domain/slack-ts.ts';
import { formatUtc } from '../domain/when.ts';
import { lockIncident } from '../store/incidents.ts';
import { marksOnIn, saveMark } from '../store/marks.ts';
import { loadMessage, saveDeletion, standingMessages } from '../store/messages.ts';
import { type CatchUp, countFound, endCatchUp } from '../store/presence.ts';
import { appendEntries } from '../store/timeline.ts';
import { type CaptureParts, changeMessage, saveHeard } from './capture.ts';
import { forbidden } from './permit.ts';
import { type Page, type Place, type Reader, type SeenMessage, Unreadable } from './reader.ts';

export interface CatchUpParts extends CaptureParts {
  readonly reader: Reader;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Before the gap: what was on its way when it began, and clocks that differ. */
const MARGIN_MS = MINUTE_MS;
/** An event that was heard last may be this much younger than the last sign of life. */
const HEARD_MS = 6000;
/** Older messages are shown to no bot of a free workspace: that they are missing says nothing. */
const LOOK_BACK_DAYS = 80;
const MAX_PAGES = 25;
const MAX_THREADS = 200;

/** Reads one incident's channel. Ends once, with one entry, however often it is begun. */
export async function catchUp(parts: CatchUpParts, work: CatchUp, signal: AbortSignal): Promise<void> {
  const look = await lookAt(parts, work, signal);
  if (typeof look !== 'string') {
    const wanted = await changesOf(parts, work, look);
    for (const change of wanted) {
      signal.throwIfAborted();
      await apply(parts, work, change);
    }
  }
  await end(parts, work, typeof look === 'string' ? look : look.whole ? '' : 'not all of it could be read');
}

interface Look {
  readonly seen: ReadonlyMap<string, SeenMessage>;
  /** Everything since then was listed, but replies. */
  readonly since: string;
  /** Threads of which every reply was listed. */
  readonly threads: ReadonlySet<string>;
  readonly pins: readonly { readonly by: string; readonly ts: string }[];
  /** The listing reaches back to before the gap, and every thread was read to its end. */
  readonly whole: boolean;
}

/** A channel that cannot be read answers why. */
async function lookAt(parts: CatchUpParts, work: CatchUp, signal: AbortSignal): Promise<Look | string> {
  const { reader } = parts;
  const oldest = tsOf(new Date(work.until.getTime() - lookBackDays(parts) * DAY_MS));
  const seen = new Map<string, SeenMessage>();
  const note = (messages: readonly SeenMessage[]): void =>
    messages.forEach((each) => seen.set(each.ts, each));
  try {
    const whole = await allPages((cursor) => reader.history(work, oldest, cursor, signal), note);
    const since = whole ? oldest : ([...seen.keys()].sort()[0] ?? oldest);
    const threads = new Set<string>();
    const wanted = await threadsOf(parts, work, seen, oldest);
    for (const thread of wanted.slice(0, MAX_THREADS)) {
      if (await allPages((cursor) => reader.replies(work, thread, cursor, signal), note)) threads.add(thread);
    }
    const pins = await reader.pins(work, signal);
    for (const { message } of pins) if (!seen.has(message.ts)) seen.set(message.ts, message);
    const reached = whole || since < tsOf(work.from);
    return {
      seen,
      since,
      threads,
      pins: pins.map(({ by, message: { ts } }) => ({ by, ts })),
      whole: reached && threads.size === wanted.length,
    };
  } catch (error) {
    if (error instanceof Unreadable) return `its channel cannot be read (${error.message})`;
    throw error;
  }
}

/** False when there were more pages than are read. */
async function allPages(
  read: (cursor: string | undefined) => Promise<Page>,
  note: (messages: readonly SeenMessage[]) => void,
): Promise<boolean> {
  let cursor: string | undefined;
  for (let count = 0; count < MAX_PAGES; count += 1) {
    const { messages, next } = await read(cursor);
    note(messages);
    if (next === undefined) return true;
    cursor = next;
  }
  return false;
}

const lookBackDays = ({ settings }: CatchUpParts): number =>
  Math.min(LOOK_BACK_DAYS, settings.capture.messagesDays);

/** Threads in which something was captured, and after them those with replies of the day before the gap or later. */
async function threadsOf(
  { store }: CatchUpParts,
  { channel, from }: CatchUp,
  seen: ReadonlyMap<string, SeenMessage>,
  oldest: string,
): Promise<readonly string[]> {
  const lively = tsOf(new Date(from.getTime() - DAY_MS));
  const recent = [...seen.values()]
    .filter(({ latestReply }) => latestReply !== undefined && latestReply >= lively)
    .map(({ ts }) => ts);
  const known = await standingMessages(store, channel, oldest);
  const captured = known.flatMap(({ thread, captured: is }) => (is && thread !== undefined ? [thread] : []));
  return [...new Set([...captured, ...recent])];
}

interface Change {
  readonly ts: string;
  readonly message?: SeenMessage;
  readonly deleted: boolean;
  readonly marks: readonly SeenMark[];
}

const isSame = (a: Omit<SeenMark, 'kind'> & { kind: string }, b: SeenMark): boolean =>
  a.kind === b.kind && a.name === b.name && a.user === b.user;

interface SeenMark {
  readonly kind: 'reaction' | 'pin';
  readonly name: string;
  readonly user: string;
  readonly on: boolean;
  readonly counts?: boolean | undefined;
}

/** What the look shows that may not be known yet, oldest first. */
async function changesOf(parts: CatchUpParts, work: CatchUp, look: Look): Promise<readonly Change[]> {
  const { store } = parts;
  const before = await marksOnIn(store, work.channel);
  const gone = await missing(parts, work, look);
  const judge = createJudge(parts);
  const changes: Change[] = [];
  for (const ts of [...new Set([...look.seen.keys(), ...gone])].sort()) {
    const message = look.seen.get(ts);
    const deleted = gone.has(ts) || (message?.deleted ?? false);
    const shown = message?.heard ? seenMarks(message, look, parts.settings.capture.emoji) : [];
    // Since when it is on is known better by whoever heard it.
    const on = shown.filter((mark) => !before.some((each) => each.message === ts && isSame(each.mark, mark)));
    const off = message?.heard ? marksGone(before, message, look) : [];
    const judged = await Promise.all(on.map(async (mark) => ({ ...mark, counts: await judge(mark.user) })));
    const marks = [...judged.filter(({ counts }) => counts !== false), ...off];
    changes.push({ ts, deleted, marks, ...(message ? { message } : {}) });
  }
  return changes;
}

/** Stored messages that should be listed and are not. */
async function missing({ store }: CatchUpParts, work: CatchUp, look: Look): Promise<ReadonlySet<string>> {
  const known = await standingMessages(store, work.channel, look.since);
  const until = tsOf(work.until);
  return new Set(
    known
      .filter(({ ts, thread }) => ts < until && (thread === undefined || look.threads.has(thread)))
      .filter(({ ts }) => !look.seen.has(ts))
      .map(({ ts }) => ts),
  );
}

function seenMarks(
  { ts, reactions = [] }: SeenMessage,
  { pins }: Look,
  emoji: readonly string[],
): readonly SeenMark[] {
  return [
    ...reactions
      .filter(({ name }) => emoji.includes(name))
      .flatMap(({ name, users }) =>
        users.map((user) => ({ kind: 'reaction', name, user, on: true }) as const),
      ),
    ...pins
      .filter((pin) => pin.ts === ts)
      .map(({ by }) => ({ kind: 'pin', name: '', user: by, on: true }) as const),
  ];
}

/** Marks that were on and are not shown any more. */
function marksGone(
  before: Awaited<ReturnType<typeof marksOnIn>>,
  { ts, reactions }: SeenMessage,
  { pins }: Look,
): readonly SeenMark[] {
  return before
    .filter(({ message }) => message === ts)
    .filter(({ mark: { kind, name, user } }) => {
      if (kind === 'pin') return !pins.some((pin) => pin.ts === ts);
      const shown = reactions?.find((each) => each.name === name);
      // Of many, Slack names only some.
      return reactions !== undefined && (shown === undefined || (shown.all && !shown.users.includes(user)));
    })
    .map(({ mark: { kind, name, user } }) => ({ kind: kind as SeenMark['kind'], name, user, on: false }));
}

/** Whether a person has the right; undefined while Slack does not say. Asked once for each. */
function createJudge({ settings, directory }: CatchUpParts): (user: string) => Promise<boolean | undefined> {
  const known = new Map<string, Promise<boolean | undefined>>();
  const ask = async (user: string): Promise<boolean | undefined> => {
    const refused = await forbidden(settings, directory, user, 'respond');
    return refused?.code === 'STANDING_UNREADABLE' ? undefined : refused === undefined;
  };
  return (user) => {
    const answer = known.get(user) ?? ask(user);
    known.set(user, answer);
    return answer;
  };
}

/** Each message in a transaction of its own; what an event told in the meantime is newer, and stays. */
async function apply({ store, now }: CatchUpParts, work: CatchUp, change: Change): Promise<void> {
  const { incident, channel, from, until } = work;
  const { ts, message, deleted, marks } = change;
  const start = tsOf(new Date(from.getTime() - MARGIN_MS));
  const inGap = ts >= start;
  const eventTs = tsOf(new Date(from.getTime() + HEARD_MS));
  const key = { channel, ts };
  const isEdited = (message?.heard?.versions ?? []).some(({ edited }) => edited >= start);
  if (!inGap && !deleted && !isEdited && marks.length === 0) return;
  if (!inGap && marks.length === 0 && !(await loadMessage(store, key))) return;
  await changeMessage(store, key, {}, now(), async (tx) => {
    const isNew = message?.heard ? await saveHeard(tx, message.heard) : false;
    if (isNew && inGap && ts <= tsOf(until)) await countFound(tx, work);
    if (deleted) await saveDeletion(tx, key, until);
    for (const { counts, ...mark } of marks) {
      const by = mark.on ? mark.user : mark.kind === 'pin' ? 'unknown' : mark.user;
      await saveMark(tx, { ...key, ...mark, incident, by, eventTs, counts: mark.on ? counts : undefined });
    }
  });
}

/** Written for what was worked on meanwhile; of an incident that is over only when something was said in it. */
async function end({ store, now }: CatchUpParts, work: CatchUp, problem: string): Promise<void> {
  const { incident: id, from, until } = work;
  await store.transaction(async (tx) => {
    const at = now();
    const found = await endCatchUp(tx, work, at);
    const incident = found === undefined ? undefined : await lockIncident(tx, id);
    if (found === undefined || !incident || (found === 0 && !isOpen(incident))) return;
    const seconds = Math.round((until.getTime() - from.getTime()) / 1000);
    const what = found === 1 ? '1 message of that time was' : `${found} messages of that time were`;
    const text = `Nothing was heard from Slack from ${formatUtc(from)} to ${formatUtc(until)} (${duration(seconds)}); ${what} read afterwards${problem ? `, ${problem}` : ''}`;
    const details = { from: from.toISOString(), until: until.toISOString(), messages: found };
    await appendEntries(tx, id, [entry(from, 'gap', 'firebreak', text, details)], at);
  });
}

/** A mark that came before its message: exactly that message is read. */
export async function fetchMarked(
  { store, now, reader }: Pick<CatchUpParts, 'store' | 'now' | 'reader'>,
  place: Place & { readonly ts: string },
  ifNothing: (tx: Parameters<typeof saveHeard>[0]) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { heard } = (await reader.message(place, place.ts, signal)) ?? {};
  await changeMessage(store, place, {}, now(), async (tx) => {
    if (heard) await saveHeard(tx, heard);
    else await ifNothing(tx);
  });
}
