/** One line of an incident's timeline. */
import type { Actor } from './incident.ts';

export const ENTRY_KINDS = [
  'declared',
  'status',
  'severity',
  'role',
  'update',
  'impact',
  'summary',
  'cause',
  'fix',
  'title',
  'duplicate',
  'channel',
  'reminder',
  'note',
  'message',
  'correction',
  'redaction',
  'gap',
  'milestone',
  'page',
  'answer',
  'action',
  'monitor',
  'change',
  'diagnosis',
  'run',
  'approval',
  'step',
  'export',
  'part',
] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

export interface TimelineEntry {
  /** Order of insertion within the incident, from 1; the hash chain follows it. */
  readonly seq: number;
  /** When it happened; a back-dated note is sorted by this. */
  readonly at: Date;
  /** When the bot wrote it down. */
  readonly recordedAt: Date;
  readonly kind: EntryKind;
  readonly actor: Actor;
  /** Plain Markdown; people as `<@U…>`. Undefined once erased. */
  readonly text?: string;
  readonly link?: string;
  /** Facts for the export: plan hash, row counts, requester, approver. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly hash: string;
  /** By whom and why its words were taken out. */
  readonly erased?: { readonly at: Date; readonly by: Actor; readonly reason: string };
}

/** What a decision wants written; seq, recordedAt and hash come with the commit. */
export type NewEntry = Pick<TimelineEntry, 'at' | 'kind' | 'actor' | 'link' | 'details'> & {
  readonly text: string;
};
