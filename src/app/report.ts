/** Use cases of the report: it is written piece by piece, posted, and filled in by people. */
import { entry } from '../domain/decision.ts';
import type { Effect } from '../domain/effects.ts';
import type { NewEntry } from '../domain/entry.ts';
import { jsonChunks } from '../domain/export.ts';
import type { Policy } from '../domain/policy.ts';
import { PART_LENGTH, PARTS, type PartName } from '../domain/postmortem/parts.ts';
import {
  type Known,
  LANDMARKS,
  type Report,
  type ReportContext,
  reportWith,
} from '../domain/postmortem/report.ts';
import { postmortemChunks, renderDraft } from '../domain/postmortem.ts';
import type { WrittenPart } from '../domain/record.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import { rowsOf } from '../domain/timeline.ts';
import { formatUtc } from '../domain/when.ts';
import { alertsOfIncident } from '../store/alerts.ts';
import { changesOf } from '../store/changes.ts';
import { holdsOf } from '../store/holds.ts';
import { loadIncident, lockIncident } from '../store/incidents.ts';
import { loadPeople } from '../store/people.ts';
import { proposalsOf } from '../store/proposals.ts';
import { forgetPart, loadParts, savePart } from '../store/report-parts.ts';
import { loadRuns } from '../store/runs.ts';
import type { Db, Store } from '../store/store.ts';
import {
  appendEntries,
  countRedactions,
  hashBefore,
  headOf,
  loadEntries,
  rowsInTime,
} from '../store/timeline.ts';
import type { Cause } from './app.ts';
import { actOnIncident } from './incidents.ts';
import { saidAt } from './said-at.ts';
import { settleCause } from './settle-cause.ts';

export interface ExportWish extends Omit<ReportContext, 'sql'> {
  readonly format: 'md' | 'json';
  /** How the SQL of a plan may be shown; without it only its hash is. */
  readonly showSql?: ((sql: string) => Promise<string>) | undefined;
}

/** Writes the whole document in bounded memory, from one snapshot. False when there is no such incident. */
export function streamExport(
  store: Store,
  id: number,
  wish: ExportWish,
  write: (chunk: string) => Promise<void> | void,
): Promise<boolean> {
  return inSnapshot(store, async (tx) => {
    // It keeps no rows from others: whoever reads it page by page may take their time.
    await tx.query('set local idle_in_transaction_session_timeout = 0');
    const report = await loadReport(tx, id, wish);
    if (!report) return false;
    const render = wish.format === 'md' ? postmortemChunks : jsonChunks;
    for await (const chunk of render(report, rowsInTime(tx, id))) if (chunk !== '') await write(chunk);
    return true;
  });
}

/** What is known of an incident but for its timeline; within a snapshot. */
export async function loadKnown(tx: Db, id: number): Promise<Known | undefined> {
  const incident = await loadIncident(tx, id);
  if (!incident) return undefined;
  return {
    incident,
    runs: await loadRuns(tx, id),
    proposals: await proposalsOf(tx, id),
    holds: await holdsOf(tx, id),
    changes: await changesOf(tx, incident),
    alerts: await alertsOfIncident(tx, id),
    parts: await loadParts(tx, id),
    people: await loadPeople(tx),
    headHash: await headOf(tx, id),
  };
}

/** Reads all in one state of the store. */
export const inSnapshot = <T>(store: Store, work: (tx: Db) => Promise<T>): Promise<T> =>
  store.transaction(async (tx) => {
    await tx.query('set transaction isolation level repeatable read, read only');
    return work(tx);
  });

async function loadReport(tx: Db, id: number, wish: ExportWish): Promise<Report | undefined> {
  const known = await loadKnown(tx, id);
  if (!known) return undefined;
  const landmarks = rowsOf(await loadEntries(tx, id, LANDMARKS)).filter(({ kind }) => kind !== 'correction');
  const anchor = (await hashBefore(tx, id, 'export')) ?? known.headHash;
  return reportWith(known, landmarks, anchor, { ...wish, sql: await shownSql(known, wish) });
}

async function shownSql({ runs }: Known, { showSql }: ExportWish): Promise<ReadonlyMap<string, string>> {
  const shown = new Map<string, string>();
  if (!showSql) return shown;
  for (const { plan } of runs.flatMap(({ steps }) => steps))
    if (plan && !shown.has(plan.hash)) shown.set(plan.hash, await showSql(plan.sql));
  return shown;
}

/** Posts the postmortem as a file, and a draft as a canvas; the export becomes an entry with the hash it printed. */
export async function exportPostmortem(
  store: Store,
  id: number,
  by: string,
  cause: Cause,
  now: Date,
  wish: Omit<ExportWish, 'format'> & { readonly policy: Policy },
): Promise<{ ok: true } | Refusal> {
  for (;;) {
    const made = await writtenNow(store, id, wish);
    if (!made) return refuse('INCIDENT_UNKNOWN', { found: id });
    const { report, content, redactions } = made;
    const text = `Postmortem exported; timeline head ${report.anchor.slice(0, 12)}`;
    const intent = { kind: 'record', by, entry: 'export', text, effects: posted(report, content) } as const;
    // A redaction holds the incident until its words are gone from the outbox; it cannot see what is not there yet.
    const valid = async (tx: Db): Promise<boolean> => (await countRedactions(tx)) === redactions;
    const done = await actOnIncident(store, id, intent, cause, now, wish.policy, valid);
    if (done !== undefined) return done.ok ? { ok: true } : done;
  }
}

async function writtenNow(
  store: Store,
  id: number,
  wish: Omit<ExportWish, 'format'>,
): Promise<{ report: Report; content: string; redactions: number } | undefined> {
  return inSnapshot(store, async (tx) => {
    const redactions = await countRedactions(tx);
    const report = await loadReport(tx, id, { ...wish, format: 'md' });
    if (!report) return undefined;
    const chunks: string[] = [];
    for await (const chunk of postmortemChunks(report, rowsInTime(tx, id))) chunks.push(chunk);
    return { report, content: chunks.join(''), redactions };
  });
}

function posted(report: Report, content: string): readonly Effect[] {
  const { id, title: name } = report.incident;
  const title = `Postmortem: ${name}`;
  return [
    {
      kind: 'file',
      to: { kind: 'incident', id },
      name: `postmortem-inc-${id}.md`,
      title,
      content,
      apart: true,
    },
    { kind: 'canvas', incident: id, title, markdown: renderDraft(report) },
  ];
}

/** What somebody wants a part to say, and what it said when they began to write. */
export interface PartWish {
  readonly part: PartName;
  readonly text: string;
  /** Undefined: they saw nothing there. */
  readonly seen: string | undefined;
}

/** Writes parts, all or none. One that somebody else has changed since is not overwritten. */
export function writeParts(
  store: Store,
  id: number,
  by: string,
  wishes: readonly PartWish[],
  cause: Cause,
  now: Date,
): Promise<{ ok: true; written: readonly PartName[] } | (Refusal & { readonly part?: PartName })> {
  return store.transaction(async (tx) => {
    if (!(await lockIncident(tx, id))) return refuse('INCIDENT_UNKNOWN', { found: id });
    const there = await loadParts(tx, id);
    const changed = wishes.filter(({ text, seen }) => text !== (seen ?? ''));
    for (const wish of changed) {
      const refused = refusePart(
        wish,
        there.find(({ part }) => part === wish.part),
      );
      if (refused) return { ...refused, part: wish.part };
    }
    const at = saidAt(cause, now);
    for (const { part, text } of changed) {
      if (text === '') await forgetPart(tx, id, part);
      else await savePart(tx, id, { part, text, by, at });
    }
    await appendEntries(
      tx,
      id,
      changed.map((wish) => partEntry(wish, by, at)),
      now,
    );
    await settleCause(tx, cause, now);
    return { ok: true, written: changed.map(({ part }) => part) };
  });
}

/** By its number what somebody wrote can be redacted, as all else that was said. */
function partEntry({ part, text }: PartWish, by: string, at: Date): NewEntry {
  const title = `Postmortem, ${titleOf(part)}`;
  return entry(at, 'part', by, text === '' ? `${title}, was taken back` : `${title}: ${text}`);
}

const titleOf = (part: PartName): string => PARTS.find(({ name }) => name === part)?.title ?? part;

function refusePart({ part, text, seen }: PartWish, there: WrittenPart | undefined): Refusal | undefined {
  const title = titleOf(part);
  if (text.length > PART_LENGTH)
    return refuse('PART_TOO_LONG', { part: title, found: text.length, allowed: PART_LENGTH });
  // Whoever wants what is there already has nothing to lose.
  if (there?.text === seen || there?.text === text) return undefined;
  if (there === undefined) return refuse('PART_TAKEN_BACK', { part: title });
  const found = { part: title, by: there.by, at: formatUtc(there.at), text: there.text };
  return refuse('PART_CHANGED', found);
}
