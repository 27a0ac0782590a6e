/** Use case: erasing the words of an entry, everywhere in the store and, where the bot said them, in Slack. */
import { person } from '../domain/actor.ts';
import { entry, everywhere } from '../domain/decision.ts';
import { type Effect, laneOf } from '../domain/effects.ts';
import type { NewEntry, TimelineEntry } from '../domain/entry.ts';
import { channelName, type Incident, type TrackedIssue } from '../domain/incident.ts';
import { ELSEWHERE, type Words, wordsOf } from '../domain/redaction.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import { live } from '../domain/run-words.ts';
import { correctedBy } from '../domain/timeline.ts';
import { loadIncident, lockIncident } from '../store/incidents.ts';
import { eraseMessage, lockMessage, type MessageKey } from '../store/messages.ts';
import { enqueue } from '../store/outbox.ts';
import { loadPeople } from '../store/people.ts';
import { loadRun } from '../store/runs.ts';
import {
  activeRunHolding,
  entriesHolding,
  forgetCanvas,
  forgetExports,
  forgetOutput,
  forgetReasons,
  type Holding,
  incidentOf,
  nameChannelAnew,
  type Scrubbed,
  scrubStore,
} from '../store/scrub.ts';
import type { Db, Store } from '../store/store.ts';
import { appendEntries, countEntries, eraseEntry, loadCorrected } from '../store/timeline.ts';
import { proposalMessage } from './alert-messages.ts';
import type { Cause } from './app.ts';
import { settleCause } from './settle-cause.ts';

export interface RedactionWish {
  readonly by: string;
  /** The number of the entry. */
  readonly seq: number;
  readonly reason: string;
}

/** What was done, and what is left for people to do. */
export interface Redacted {
  /** Numbers of the entries of this incident. */
  readonly erased: readonly number[];
  /** In how many places of other incidents they were, entries and whatever else the store keeps. */
  readonly elsewhere: number;
  /** How many messages of the bot are being changed. */
  readonly amended: number;
  /** Messages of people: only they, or who administers Slack, can delete those. */
  readonly links: readonly string[];
  /** Exports that were posted before. */
  readonly files: readonly string[];
  /** Where pages with these words went. */
  readonly pagers: readonly string[];
  /** Issues of a tracker that were made of action items with these words. */
  readonly issues: readonly string[];
}

export interface RedactionParts {
  readonly store: Store;
  readonly now: () => Date;
}

/** Whoever calls has checked the permission. */
export function redactEntry(
  { store, now }: RedactionParts,
  incident: number,
  wish: RedactionWish,
  cause: Cause,
): Promise<({ ok: true } & Redacted) | Refusal> {
  return store.transaction(async (tx) => {
    const plan = await planOf(tx, incident, wish);
    if ('ok' in plan) return plan;
    const at = now();
    const done = await carryOut(tx, plan, wish, at);
    await settleCause(tx, cause, at);
    return { ok: true, ...done };
  });
}

interface Plan {
  readonly incident: number;
  readonly words: Words;
  readonly family: readonly TimelineEntry[];
  readonly entries: readonly Holding[];
}

/** Locks every incident that holds the words, in one order, and reads once more what is then known. */
async function planOf(tx: Db, incident: number, wish: RedactionWish): Promise<Plan | Refusal> {
  const first = await findIn(tx, incident, wish);
  if ('ok' in first) return first;
  // The message first, as whoever hears of it does.
  for (const { details } of first.entries) {
    const message = messageIn(details);
    if (message) await lockMessage(tx, message);
  }
  for (const id of incidentsOf(first)) await lockIncident(tx, id);
  return findIn(tx, incident, wish);
}

const incidentsOf = ({ incident, entries }: Plan): readonly number[] =>
  [...new Set([incident, ...entries.map((each) => each.incident)])].sort((a, b) => a - b);

async function findIn(tx: Db, incident: number, { seq, reason }: RedactionWish): Promise<Plan | Refusal> {
  const family = await wholeFamily(tx, incident, seq);
  const named = family.find((each) => each.seq === seq);
  if (!named) return refuse('ENTRY_UNKNOWN', { found: seq, count: await countEntries(tx, incident) });
  const alone = family.length === 1;
  const said = family.filter((each) => each.text !== undefined && (alone || isText(each)));
  if (said.length === 0) return refuse('ENTRY_ERASED', { found: seq });
  const words = wordsOf(said.map(withKindOf(family)), await loadPeople(tx));
  if (words.marks.length === 0) return refuse('ENTRY_WITHOUT_WORDS', { found: seq, kind: named.kind });
  if (words.isToldBy(reason)) return refuse('REDACT_REASON_TELLS', { found: seq });
  const run = await activeRunHolding(tx, words);
  if (run !== undefined) return refuse('REDACT_RUN_ACTIVE', { run });
  const own = family.filter((each) => alone || hasWords(each)).map((each) => ({ incident, ...each }));
  const others = (await entriesHolding(tx, words, incident)).filter(
    (each) => each.incident !== incident || !own.some((known) => known.seq === each.seq),
  );
  return { incident, words, family, entries: [...own, ...others] };
}

/**
 * The entry that is named or corrected by the one that is, and all its corrections. Why one was struck says nothing of
 * the entry: it goes alone.
 */
async function wholeFamily(tx: Db, incident: number, seq: number): Promise<readonly TimelineEntry[]> {
  const family = await loadCorrected(tx, incident, seq);
  const named = family.find((each) => each.seq === seq);
  if (named && isWhy(named)) return [named];
  const of = family.map(correctedBy).find((each) => each !== undefined && each.of !== seq)?.of;
  return of === undefined ? family : loadCorrected(tx, incident, of);
}

const isWhy = (each: TimelineEntry): boolean =>
  ['struck', 'restored', 'deleted'].includes(correctedBy(each)?.what ?? 'text');

/** The entry itself, or a text that it got. */
const isText = (each: TimelineEntry): boolean => (correctedBy(each)?.what ?? 'text') === 'text';

/** Names and digests of a message's files go with it. */
const hasWords = (each: TimelineEntry): boolean =>
  each.text !== undefined && (isText(each) || correctedBy(each)?.what === 'files');

/** What a correction says is framed as the entry that it corrects. */
const withKindOf =
  (family: readonly TimelineEntry[]) =>
  (each: TimelineEntry): Pick<TimelineEntry, 'kind' | 'text'> => {
    const of = correctedBy(each);
    const kind = of?.what === 'text' ? family.find(({ seq }) => seq === of.of)?.kind : undefined;
    return { kind: kind ?? each.kind, ...(each.text === undefined ? {} : { text: each.text }) };
  };

async function carryOut(tx: Db, plan: Plan, wish: RedactionWish, at: Date): Promise<Redacted> {
  const { incident, words, family, entries } = plan;
  for (const each of entries) {
    const why = each.incident === incident ? wish.reason : ELSEWHERE;
    await eraseEntry(
      tx,
      each.incident,
      each.seq,
      { at, by: wish.by, reason: why },
      keptOf(each.details, words),
    );
  }
  for (const { details } of entries) {
    const message = messageIn(details);
    if (message) await eraseMessage(tx, message, at);
  }
  for (const { details } of family) await forgetStep(tx, details);
  const scrubbed = await scrubStore(tx, words, incident);
  await forgetReasons(tx, words, incident);
  const hidden = await privateOthers(tx, incident, [...incidentsOf(plan), ...scrubbed.map(incidentOf)]);
  const told = scrubbed.filter((each) => !hidden.has(incidentOf(each)));
  const files: string[] = [];
  const canvases: Effect[] = [];
  for (const id of new Set([...incidentsOf(plan), ...numbersIn(scrubbed, REPORTED)])) {
    const posted = await forgetExports(tx, id, `${EXPORT_AGAIN}\n`);
    if (!hidden.has(id)) files.push(...posted);
    if (await forgetCanvas(tx, id, EXPORT_AGAIN))
      canvases.push({
        kind: 'canvas',
        incident: id,
        title: `Postmortem of incident ${id}`,
        markdown: EXPORT_AGAIN,
      });
  }
  for (const id of incidentsOf(plan)) await appendEntries(tx, id, [redactionEntry(plan, id, wish, at)], at);
  await enqueue(tx, [...(await effectsOf(tx, plan, scrubbed)), ...canvases], at);
  const own = entries.filter((each) => each.incident === incident);
  return {
    erased: own.map(({ seq }) => seq).sort((a, b) => a - b),
    elsewhere: entries.length - own.length + scrubbed.filter(isElsewhere(incident)).length,
    amended: scrubbed.filter(isSaid).length,
    links: family.flatMap(({ link }) => link ?? []),
    files: [...new Set([...files, ...namesOf(told, 'file', 'name')])],
    pagers: [...new Set(pagesIn(told))],
    issues: [...new Set(issuesIn(told))],
  };
}

const EXPORT_AGAIN = 'An entry was redacted: export the postmortem again.';

/** Of a private incident it is not even told that it is there. */
async function privateOthers(
  tx: Db,
  own: number,
  ids: readonly (number | undefined)[],
): Promise<ReadonlySet<number | undefined>> {
  const hidden = new Set<number | undefined>();
  for (const id of new Set(ids))
    if (id !== undefined && id !== own && (await loadIncident(tx, id))?.private) hidden.add(id);
  return hidden;
}

const isElsewhere =
  (own: number) =>
  (each: Scrubbed): boolean =>
    (incidentOf(each) ?? own) !== own;

/** What is no words, and says what the entry belongs to. */
function keptOf(details: unknown, words: Words): Record<string, unknown> | undefined {
  const known = Object.entries((details ?? {}) as Record<string, unknown>).filter(
    ([key, value]) =>
      ['of', 'what', 'run', 'step', 'state', 'redacted'].includes(key) && !words.holds(JSON.stringify(value)),
  );
  return known.length === 0 ? undefined : Object.fromEntries(known);
}

/** The message that an entry was captured from. */
function messageIn(details: unknown): MessageKey | undefined {
  const { message } = (details ?? {}) as { readonly message?: Partial<MessageKey> };
  const { channel, ts } = message ?? {};
  return channel === undefined || ts === undefined ? undefined : { channel, ts };
}

async function forgetStep(tx: Db, details: TimelineEntry['details']): Promise<void> {
  const { run, step } = details ?? {};
  if (typeof run === 'number' && typeof step === 'number') await forgetOutput(tx, run, step);
}

function redactionEntry({ incident, entries }: Plan, id: number, wish: RedactionWish, at: Date): NewEntry {
  const numbers = entries.filter((each) => each.incident === id).map(({ seq }) => seq);
  const which =
    numbers.length === 1
      ? `Entry ${numbers.join()} was`
      : `Entries ${numbers.slice(0, -1).join(', ')} and ${numbers.at(-1) ?? ''} were`;
  const why = id === incident ? wish.reason : ELSEWHERE;
  const text = `${which} redacted by ${person(wish.by)}: ${why}`;
  return entry(at, 'redaction', wish.by, text, { redacted: [...numbers, ...namedBefore(entries, id)] });
}

/** What an erased redaction named is named by this one: a chain verifies by those alone that still say something. */
const namedBefore = (entries: readonly Holding[], id: number): readonly number[] =>
  entries
    .filter((each) => each.incident === id && each.kind === 'redaction')
    .flatMap(
      ({ details }) => (details as { readonly redacted?: readonly number[] } | undefined)?.redacted ?? [],
    );

/** Everything that is kept current is drawn anew, and what the bot said is changed where it stands. */
async function effectsOf(tx: Db, plan: Plan, scrubbed: readonly Scrubbed[]): Promise<readonly Effect[]> {
  const shown = new Set([...incidentsOf(plan), ...numbersIn(scrubbed, INCIDENT_OF)]);
  const effects: Effect[] = scrubbed.filter(isSaid).map(amendOf);
  for (const id of shown) {
    const known = await loadIncident(tx, id);
    if (!known) continue;
    if (isNamedAnew(id, plan, scrubbed)) await nameChannelAnew(tx, id, channelName(id, known.title));
    effects.push(...drawnAnew(known, scrubbed));
  }
  for (const id of new Set(numbersIn(scrubbed, { runs: 'id', run_steps: 'run_id' }))) {
    const run = await loadRun(tx, id);
    if (run) effects.push(live(run));
  }
  return [...effects, ...numbersIn(scrubbed, { proposals: 'id' }).map(proposalMessage)];
}

const INCIDENT_OF = {
  incidents: 'id',
  action_items: 'incident_id',
  escalations: 'incident_id',
  pages: 'incident_id',
};

/** What a report is made of, besides entries. */
const REPORTED = { ...INCIDENT_OF, report_parts: 'incident_id', runs: 'incident_id' };

/** Its title held the words, or did before it was changed. */
const isNamedAnew = (id: number, { entries }: Plan, scrubbed: readonly Scrubbed[]): boolean =>
  channelsNamed(scrubbed, id) ||
  entries.some((each) => each.incident === id && ['declared', 'title'].includes(each.kind));

function drawnAnew(incident: Incident, scrubbed: readonly Scrubbed[]): readonly Effect[] {
  const { id, title, archived, reminders } = incident;
  const name = channelName(id, title);
  const named = scrubbed.some(
    ({ table, row }) => table === 'incidents' && row['id'] === id && isRedacted(row['title']),
  );
  const pages = scrubbed.filter(({ table, row }) => table === 'pages' && row['incident_id'] === id);
  const effects: readonly Effect[] = [
    ...(named ? [{ kind: 'rename-channel', incident: id, name } as const] : []),
    ...everywhere(incident),
    ...(reminders.last === undefined
      ? []
      : [
          {
            kind: 'live',
            to: { kind: 'incident', id },
            subject: { kind: 'reminder', incident: id, reminder: reminders.last.number },
          } as const,
        ]),
    ...pages.map(
      ({ row }): Effect => ({
        kind: 'live',
        to: { kind: 'user', id: String(row['user_id']) },
        subject: { kind: 'page', incident: id, page: Number(row['number']) },
      }),
    ),
  ];
  // An archived channel takes nothing; what stands in it is told.
  return archived ? effects.filter((each) => laneOf(each) !== `incident:${id}`) : effects;
}

const isRedacted = (title: unknown): boolean => typeof title === 'string' && title.includes('[redacted]');

const effectIn = ({ table, row }: Scrubbed): Effect | undefined =>
  table === 'outbox' ? (row['effect'] as Effect) : undefined;

/** What was said, or is about to be: the row may be under way with its old words. */
const isSaid = (each: Scrubbed): boolean => effectIn(each)?.kind === 'say' && each.row['state'] !== 'refused';

function amendOf(each: Scrubbed): Effect {
  const { to, text } = effectIn(each) as Extract<Effect, { kind: 'say' }>;
  const { effect_id: said, created_at: since } = each.row;
  return { kind: 'amend', to, text, said: String(said), since: String(since) };
}

const channelsNamed = (scrubbed: readonly Scrubbed[], id: number): boolean =>
  scrubbed.some((each) => {
    const effect = effectIn(each);
    const names = effect?.kind === 'create-channel' || effect?.kind === 'rename-channel';
    return names && effect.incident === id;
  });

const namesOf = (scrubbed: readonly Scrubbed[], kind: Effect['kind'], key: string): readonly string[] =>
  scrubbed.flatMap((each) => {
    const effect = effectIn(each);
    return effect?.kind === kind && each.row['state'] === 'sent'
      ? [String((effect as unknown as Record<string, unknown>)[key])]
      : [];
  });

const pagesIn = (scrubbed: readonly Scrubbed[]): readonly string[] =>
  scrubbed.flatMap((each) => {
    const effect = effectIn(each);
    if (each.row['state'] !== 'sent') return [];
    return effect?.kind === 'send-page' ? [effect.page.via] : [];
  });

/** An issue was made of the item as it was; it is not written anew. */
const issuesIn = (scrubbed: readonly Scrubbed[]): readonly string[] =>
  scrubbed.flatMap(({ table, row }) => {
    const issue = table === 'action_items' ? (row['issue'] as TrackedIssue | null) : null;
    return issue ? [issue.url] : [];
  });

const numbersIn = (
  scrubbed: readonly Scrubbed[],
  keys: Readonly<Record<string, string>>,
): readonly number[] =>
  scrubbed.flatMap(({ table, row }) => {
    const key = keys[table];
    return key === undefined ? [] : [Number(row[key])];
  });
