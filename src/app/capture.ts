/** Messages and marks as Slack tells them: stored, and what follows for the timeline, in one transaction each. */
import { isMarked, reconcile, type Version } from '../domain/capture.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Settings } from '../domain/settings.ts';
import { expectFiles } from '../store/files.ts';
import { lockIncident } from '../store/incidents.ts';
import { type HeardMark, saveMark } from '../store/marks.ts';
import {
  loadMessage,
  lockMessage,
  type MessageHead,
  type MessageKey,
  saveDeletion,
  saveMessage,
  saveVersion,
  setEntry,
} from '../store/messages.ts';
import type { Db, Store } from '../store/store.ts';
import { appendEntries, chainEnd, loadCorrected } from '../store/timeline.ts';
import type { App, Cause, Directory } from './app.ts';
import { forbidden } from './permit.ts';
import { settleCause } from './settle-cause.ts';

/** What one event, or a look at the channel, tells of a message. */
export interface HeardMessage extends MessageHead {
  readonly versions: readonly HeardVersion[];
  readonly deletedAt?: Date | undefined;
}

export interface HeardVersion extends Version {
  /** Slack's timestamp of what told it; empty: told in passing. */
  readonly heardTs: string;
}

export interface MarkWish extends Omit<HeardMark, 'counts'> {
  /** The message, when Slack sent it along. */
  readonly said?: HeardMessage | undefined;
}

export interface CaptureParts {
  readonly store: Store;
  readonly settings: Settings;
  readonly directory: Directory;
  readonly now: () => Date;
}

export const createCapture = (parts: CaptureParts): Pick<App, 'heard' | 'marked'> => ({
  heard: (message, cause = {}) =>
    changeMessage(parts.store, message, cause, parts.now(), async (tx) => {
      await saveHeard(tx, message);
    }),
  marked: (mark, cause = {}) => marked(parts, mark, cause),
});

async function marked(
  { store, settings, directory, now }: CaptureParts,
  { said, ...mark }: MarkWish,
  cause: Cause,
): Promise<{ ok: true } | Refusal> {
  // Whoever set a mark may take it away.
  const asked = mark.on || mark.by !== mark.user;
  const refused = asked ? await forbidden(settings, directory, mark.by, 'respond') : undefined;
  const unsure = refused?.code === 'STANDING_UNREADABLE' && mark.kind !== 'asked';
  if (refused && !unsure) return refused;
  await changeMessage(store, mark, cause, now(), async (tx) => {
    if (said) await saveHeard(tx, said);
    await saveMark(tx, { ...mark, counts: mark.on && !unsure ? true : undefined });
  });
  return { ok: true };
}

/** Changes what is stored of a message, and then its entry. */
export function changeMessage(
  store: Store,
  key: MessageKey,
  cause: Cause,
  now: Date,
  change: (tx: Db) => Promise<void>,
): Promise<void> {
  return store.transaction(async (tx) => {
    await lockMessage(tx, key);
    await change(tx);
    await bringUpToDate(tx, key, now);
    await settleCause(tx, cause, now);
  });
}

/** Stores what was told; true when the message is new. */
export async function saveHeard(tx: Db, message: HeardMessage): Promise<boolean> {
  const isNew = await saveMessage(tx, message);
  for (const { heardTs, ...version } of message.versions) await saveVersion(tx, message, version, heardTs);
  if (message.deletedAt) await saveDeletion(tx, message, message.deletedAt);
  return isNew;
}

/** Writes what the timeline lacks of a message. Its lock must be held. */
async function bringUpToDate(tx: Db, key: MessageKey, now: Date): Promise<void> {
  const message = await loadMessage(tx, key);
  if (!message || message.erased || !isMarked(message)) return;
  const { incident } = message;
  await lockIncident(tx, incident);
  let { entry } = message;
  if (entry === undefined) {
    const made = reconcile(message, []);
    if (made.length === 0) return;
    await appendEntries(tx, incident, made, now);
    entry = (await chainEnd(tx, incident)).seq;
    await setEntry(tx, key, entry);
  }
  for (const { files } of message.versions) await expectFiles(tx, key, files);
  const about = await loadCorrected(tx, incident, entry);
  await appendEntries(tx, incident, reconcile(message, about), now);
}
