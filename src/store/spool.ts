/** What Slack delivered while the store took nothing: one file a delivery, durable before its person is told so. */
import { createHash, randomBytes } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Logger } from '../log.ts';
import type { Delivered } from './inbox.ts';

export interface Spooled extends Delivered {
  /** Its person was told that it will not be done: it enters the inbox as ended. */
  readonly refused: boolean;
}

export interface SpoolState {
  readonly waiting: number;
  readonly oldest?: Date;
}

export interface Spool {
  /** Settles once the delivery is on disk, or `full`. Throws when the disk fails. In both cases nothing was kept. */
  keep(delivery: Spooled): Promise<'kept' | 'full'>;
  /**
   * Hands over what is kept, oldest first; what was taken is removed. A throw ends it, but for one of a row that the
   * store takes never: that file is set aside.
   */
  empty(take: (delivery: Spooled) => Promise<void>, now: Date): Promise<number>;
  /** As it was at the last look: this process, and others that share the folder. */
  state(): SpoolState;
  /** The same for all processes that share the folder, and for no others. */
  place(): Promise<string>;
}

/** At most so many deliveries of so many bytes. */
const MOST = 1000;
const LONGEST = 256 * 1024;
/** The inbox knows a key for 7 days. What comes out of an old copy of the folder must not be done again. */
const OLDEST_MS = 24 * 3_600_000;
/** No write takes nearly as long: a draft that is older was left by a crash. */
const DRAFT_MS = 60_000;
/** What only proves that a body is Slack's; it was proved. */
const PROOFS = ['token', 'bot_access_token'];
const NAME = /^(\d{15})-[0-9a-f]{64}\.json$/;
const DRAFT = /\.draft$/;

const file = z.object({
  key: z.string(),
  kind: z.string(),
  payload: z.record(z.string(), z.unknown()),
  receivedAt: z.coerce.date(),
  refused: z.boolean(),
});

/** Makes the folder when it is first needed. Other processes may use the same one. `most`: deliveries. */
export function openSpool(folder: string, log: Logger, most = MOST): Spool {
  const aside = new Set<string>();
  let writing = 0;
  let state: SpoolState = { waiting: 0 };
  let place: Promise<string> | undefined;

  async function look(): Promise<readonly string[]> {
    return waitingAmong(await namesIn(folder));
  }

  function waitingAmong(names: readonly string[]): readonly string[] {
    const waiting = names.filter((name) => NAME.test(name) && !aside.has(name)).sort();
    state = stateOf(waiting);
    return waiting;
  }

  /** Renamed, so that somebody can look at it; where that fails it is passed over for as long as this process lives. */
  async function setAside(name: string, reason: string): Promise<void> {
    aside.add(name);
    log.error({ file: join(folder, name), reason }, 'a delivery that was kept is set aside: it is not done');
    await rename(join(folder, name), join(folder, `${name}.aside`)).catch(() => undefined);
  }

  async function read(name: string, now: Date): Promise<Spooled | undefined> {
    const text = await readFile(join(folder, name), 'utf8').catch(unlessGone);
    if (text instanceof Error) await setAside(name, text.message);
    if (typeof text !== 'string') return undefined;
    const found = file.safeParse(json(text));
    if (!found.success) await setAside(name, 'it is torn, or was not written by Firebreak');
    else if (now.getTime() - found.data.receivedAt.getTime() > OLDEST_MS)
      await setAside(name, 'it is more than a day old');
    else return found.data;
    return undefined;
  }

  async function enter(
    name: string,
    take: (delivery: Spooled) => Promise<void>,
    now: Date,
  ): Promise<boolean> {
    const delivery = await read(name, now);
    if (!delivery) return false;
    try {
      await take(delivery);
    } catch (error) {
      if (!isOfRow(error)) throw error;
      await setAside(name, String(error));
      return false;
    }
    await rm(join(folder, name), { force: true }).catch((error: unknown) => {
      // Of a folder that can only be read. By its key it is not done again, and it must not be in the way of the others.
      aside.add(name);
      log.warn({ err: error, file: join(folder, name) }, 'what has entered the inbox cannot be removed');
    });
    return true;
  }

  return {
    async keep(delivery) {
      const text = JSON.stringify({ ...delivery, payload: without(delivery.payload, PROOFS) });
      const names = await look();
      const name = nameOf(delivery);
      // Another copy of it is there.
      if (names.some((each) => each.endsWith(name.slice(name.indexOf('-'))))) return 'kept';
      if (names.length + writing >= most || Buffer.byteLength(text) > LONGEST) return 'full';
      writing += 1;
      try {
        await writeDurably(folder, name, text);
      } finally {
        writing -= 1;
      }
      await look();
      return 'kept';
    },
    async empty(take, now) {
      const names = await namesIn(folder);
      await removeDrafts(folder, names);
      const waiting = waitingAmong(names);
      let taken = 0;
      try {
        for (const name of waiting) if (await enter(name, take, now)) taken += 1;
      } finally {
        if (waiting.length > 0) await look();
      }
      return taken;
    },
    state: () => state,
    place: () => (place ??= placeOf(folder, log)),
  };
}

function stateOf(names: readonly string[]): SpoolState {
  const received = NAME.exec(names[0] ?? '')?.[1];
  return {
    waiting: names.length,
    ...(received === undefined ? {} : { oldest: new Date(Number(received)) }),
  };
}

/** By the time of arrival, then by the key: a key is as long as somebody makes it, and no name of a file. */
const nameOf = ({ key, receivedAt }: Spooled): string =>
  `${String(receivedAt.getTime()).padStart(15, '0')}-${createHash('sha256').update(key).digest('hex')}.json`;

/** Whole or not at all, and still there after a power cut. */
async function writeDurably(folder: string, name: string, text: string): Promise<void> {
  const path = join(folder, name);
  const draft = `${path}.${randomBytes(4).toString('hex')}.draft`;
  const made = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (made !== undefined)
    for (const above of new Set([dirname(folder), dirname(made)])) await syncFolder(above);
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, path);
    await syncFolder(folder);
  } catch (error) {
    // Who is told that nothing was kept says it again.
    await Promise.all([draft, path].map((each) => rm(each, { force: true }).catch(() => undefined)));
    throw error;
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Beside the folder, in a file that nobody changes. Where it cannot be written nothing is kept either, and no two
 * processes have one place.
 */
async function placeOf(folder: string, log: Logger): Promise<string> {
  const path = `${folder}.id`;
  const draft = `${path}.${randomBytes(4).toString('hex')}.draft`;
  const made = randomBytes(16).toString('hex');
  try {
    await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
    await writeFile(draft, made, { mode: 0o600, flush: true });
    // Whole or not at all; of two processes the first one counts.
    await link(draft, path).catch(unlessThere);
    const found = (await readFile(path, 'utf8')).trim();
    return found === '' ? made : found;
  } catch (error) {
    log.warn({ err: error, file: path }, 'the data folder cannot be written: it has no name');
    return made;
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
}

const unlessThere = (error: NodeJS.ErrnoException): void => {
  if (error.code !== 'EEXIST') throw error;
};

/** A value that no column takes, or more than the server takes at a time: it would be refused each time. */
const isOfRow = (error: unknown): boolean =>
  /^(?:22|54)/.test(String((error as { readonly code?: unknown } | undefined)?.code));

/** Of what a crash left half-written nobody was told that it was kept. */
async function removeDrafts(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    if (!DRAFT.test(name)) continue;
    const path = join(folder, name);
    const made = await stat(path).catch(() => undefined);
    // Files know the time of the system only.
    if (made && Date.now() - made.mtimeMs > DRAFT_MS) await rm(path, { force: true });
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(unlessGone);
  if (names instanceof Error) throw names;
  return names ?? [];
}

/** Undefined: another process was faster, or nothing was ever kept. */
const unlessGone = (error: NodeJS.ErrnoException): Error | undefined =>
  error.code === 'ENOENT' ? undefined : error;

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const without = (payload: Delivered['payload'], names: readonly string[]): Delivered['payload'] =>
  Object.fromEntries(Object.entries(payload).filter(([name]) => !names.includes(name)));
