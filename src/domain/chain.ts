/** The hash chain of an incident's timeline: it shows a rewrite, and still verifies after content was erased. */
import { createHash } from 'node:crypto';
import type { EntryKind } from './entry.ts';
import type { Actor } from './incident.ts';
import { storable } from './storable.ts';

/** What an entry says; it lies beside the chain, with its salt, and can be erased. */
export interface EntryContent {
  readonly text: string;
  readonly link?: string | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/** What the chain itself covers: all of an entry but its content, which is there as a digest. */
export interface ChainLink {
  readonly incidentId: number;
  readonly seq: number;
  readonly at: Date;
  readonly recordedAt: Date;
  readonly kind: EntryKind;
  readonly actor: Actor;
  readonly contentDigest: string;
}

/** An entry as it is stored. Salt and content go together; both are absent once erased. */
export interface ChainedEntry extends ChainLink {
  readonly hash: string;
  readonly salt?: string | undefined;
  readonly content?: EntryContent | undefined;
  /** By whom, when and why both were erased. */
  readonly erased?: { readonly at: Date; readonly by: Actor; readonly reason: string } | undefined;
  /** Both are gone, and nobody is said to have erased them. */
  readonly lost?: boolean | undefined;
}

export type ChainVerdict =
  | { readonly ok: true; readonly head: string }
  | { readonly ok: false; readonly seq: number; readonly reason: string };

/** What the first entry of every chain follows. */
export const GENESIS = '0'.repeat(64);

/** Digest of a value as PostgreSQL keeps it as jsonb: the same whatever the order of its keys. */
export const digestOf = (value: unknown): string => sha256(canonicalJson(value));

/** Digest of an entry's content; without the salt a guess at erased words could be checked against it. */
export const contentDigest = (salt: string, { text, link, details }: EntryContent): string =>
  sha256(canonicalJson([salt, { text, link, details }]));

/** Hash of an entry, over that of the entry before it. */
export function linkHash(previous: string, entry: ChainLink): string {
  const { incidentId, seq, at, recordedAt, kind, actor, contentDigest: digest } = entry;
  const times = [at.toISOString(), recordedAt.toISOString()];
  return sha256(canonicalJson([previous, incidentId, seq, ...times, kind, actor, digest]));
}

/** Checks a whole chain, given by seq; entries cut off its end only show against a head kept elsewhere. */
export function verifyChain(entries: readonly ChainedEntry[]): ChainVerdict {
  const redactedAt = redactions(entries);
  let head = GENESIS;
  for (const [index, entry] of entries.entries()) {
    const reason = fault(head, index + 1, entry) ?? faultOfErasure(entry, redactedAt);
    if (reason !== undefined) return { ok: false, seq: entry.seq, reason };
    head = entry.hash;
  }
  return { ok: true, head };
}

/** The newest entry by which each was redacted. Which ones those are is under the chain, as all that they say. */
function redactions(entries: readonly ChainedEntry[]): ReadonlyMap<number, number> {
  const named = entries.flatMap(({ kind, seq, content }) => {
    const redacted = kind === 'redaction' ? content?.details?.['redacted'] : undefined;
    return Array.isArray(redacted) ? redacted.map((each: unknown) => [Number(each), seq] as const) : [];
  });
  return new Map(named);
}

/** Who erases around the bot can write by whom beside the chain, but no entry into it that nobody sees. */
function faultOfErasure(
  { seq, content }: ChainedEntry,
  redactedAt: ReadonlyMap<number, number>,
): string | undefined {
  if (content !== undefined || (redactedAt.get(seq) ?? 0) > seq) return undefined;
  return 'its content is gone, and no later entry says that it was redacted';
}

function fault(previous: string, position: number, entry: ChainedEntry): string | undefined {
  if (entry.seq !== position) return `entry ${position} is missing, ${entry.seq} stands in its place`;
  if (linkHash(previous, entry) !== entry.hash) return 'its hash does not follow from the entry before it';
  const { salt, content, lost } = entry;
  if (lost) return 'its content is gone, and nobody is said to have erased it';
  if (salt === undefined && content === undefined) return undefined;
  if (salt === undefined || content === undefined) return 'only one of salt and content was erased';
  return contentDigest(salt, content) === entry.contentDigest ? undefined : 'its content was changed';
}

/** JSON with sorted keys, the same before and after PostgreSQL kept it as jsonb. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`;
  if (value === undefined) return 'null';
  if (value instanceof Date) return JSON.stringify(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(storableScalar(value));
  const pairs = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${pairs
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(storable(key))}:${canonicalJson(member)}`)
    .join()}}`;
}

// The digest must not notice what storing takes out of a text.
const storableScalar = (value: unknown): unknown => (typeof value === 'string' ? storable(value) : value);

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
