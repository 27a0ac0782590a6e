/** What Slack is asked for after a message was marked: who may, the message itself, its files, its author's name. */

import { changeMessage } from '../app/capture.ts';
import { type CatchUpParts, fetchMarked } from '../app/catch-up.ts';
import { forbidden } from '../app/permit.ts';
import { Unreadable } from '../app/reader.ts';
import type { Logger } from '../log.ts';
import { openFiles, retryFile, saveFile } from '../store/files.ts';
import { judgeMarks, type OpenMark, openMarks, retryMarks, voidMarks } from '../store/marks.ts';
import { forgetMessages, namelessAuthors } from '../store/messages.ts';
import { savePerson } from '../store/people.ts';
import type { Clock } from './clock.ts';
import type { Worker } from './crew.ts';

export interface CapturesOptions extends Omit<CatchUpParts, 'now'> {
  readonly clock: Clock;
  readonly log: Logger;
}

type Work = (parts: CapturesParts, signal: AbortSignal) => Promise<void>;
type CapturesParts = CatchUpParts & Pick<CapturesOptions, 'log'>;

const SECOND = 1000;
const HOUR_MS = 3600 * SECOND;
const DAY_MS = 24 * HOUR_MS;

/** Each is looked at this often, and again this long after it failed. */
const WORKS: Readonly<Record<string, { readonly every: number; readonly work: Work }>> = {
  marks: { every: 2 * SECOND, work: completeMarks },
  files: { every: 2 * SECOND, work: readFiles },
  names: { every: 20 * SECOND, work: learnNames },
  forget: { every: HOUR_MS, work: forget },
};

/** The worker whose keys are what is to be done. */
export function capturesWorker({ clock, ...options }: CapturesOptions): Worker {
  const parts: CapturesParts = { ...options, now: () => clock.now() };
  const next = new Map<string, number>();
  return {
    name: 'captures',
    due() {
      const now = clock.now().getTime();
      const due = Object.entries(WORKS).filter(([key]) => now >= (next.get(key) ?? 0));
      for (const [key, { every }] of due) next.set(key, now + every);
      return Promise.resolve(due.map(([key]) => key));
    },
    work: async (key, lease, stopping) => WORKS[key]?.work(parts, AbortSignal.any([lease.signal, stopping])),
  };
}

/** One whose message cannot be read just now keeps no other one waiting, and of its channel no other one is tried. */
async function completeMarks(parts: CapturesParts, signal: AbortSignal): Promise<void> {
  const { store, log, now } = parts;
  const closed = new Set<string>();
  for (const mark of await openMarks(store, now())) {
    signal.throwIfAborted();
    try {
      // Slack takes some fifty of these a minute.
      if (mark.counts !== undefined && closed.has(mark.channel))
        await retryMarks(store, mark, nextTry(mark, now()));
      else await completeMark(parts, mark, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Unreadable) closed.add(mark.channel);
      log.warn(
        { err: error, channel: mark.channel, ts: mark.ts },
        'a mark could not be completed: tried again',
      );
      await retryMarks(store, mark, nextTry(mark, now()));
    }
  }
}

async function completeMark(parts: CapturesParts, mark: OpenMark, signal: AbortSignal): Promise<void> {
  const { store, settings, directory, now } = parts;
  if (mark.counts !== undefined) return fetchMarked(parts, mark, (tx) => voidMarks(tx, mark), signal);
  const refused = await forbidden(settings, directory, mark.user, 'respond');
  if (refused?.code === 'STANDING_UNREADABLE') return retryMarks(store, mark, nextTry(mark, now()));
  await changeMessage(store, mark, {}, now(), (tx) => judgeMarks(tx, mark, refused === undefined));
}

/** After this many attempts, about a day, nobody will hand it out. */
const MAX_ATTEMPTS = 60;
const LONGEST_MS = HOUR_MS / 2;

const nextTry = ({ attempts }: { readonly attempts: number }, now: Date): Date =>
  new Date(now.getTime() + Math.min(LONGEST_MS, SECOND * 2 ** Math.min(attempts, 12)));

/** A download that fails keeps nothing else waiting. */
async function readFiles(parts: CapturesParts, signal: AbortSignal): Promise<void> {
  const { store, settings, reader, log, now } = parts;
  for (const file of await openFiles(store, now())) {
    signal.throwIfAborted();
    try {
      const read = await reader.file(file, settings.capture.maxImageBytes, signal);
      await changeMessage(store, file, {}, now(), (tx) => saveFile(tx, file, read, now()));
    } catch (error) {
      signal.throwIfAborted();
      log.warn({ err: error, file: file.id }, 'a file could not be read: tried again');
      await retryFile(store, file, nextTry(file, now()));
      if (file.attempts + 1 >= MAX_ATTEMPTS) {
        const problem = 'not hashed: Slack did not hand it out';
        await changeMessage(store, file, {}, now(), (tx) => saveFile(tx, file, { problem }, now()));
      }
    }
  }
}

/** Exports print names: Slack's ids mean nothing outside of it. */
async function learnNames({ store, reader, now }: CapturesParts, signal: AbortSignal): Promise<void> {
  for (const user of await namelessAuthors(store)) {
    signal.throwIfAborted();
    await savePerson(store, user, (await reader.name(user)) ?? user, now());
  }
}

async function forget({ store, settings, now }: CapturesParts): Promise<void> {
  await forgetMessages(store, new Date(now().getTime() - settings.capture.messagesDays * DAY_MS));
}
