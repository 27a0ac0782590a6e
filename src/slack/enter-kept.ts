/** Brings what was kept on disk into the inbox, as soon as the store takes it. */
import type { Logger } from '../log.ts';
import { type Delivered, receive, receiveRefused } from '../store/inbox.ts';
import { announceWork } from '../store/outbox.ts';
import type { Spool, Spooled } from '../store/spool.ts';
import type { Db } from '../store/store.ts';

export interface EnteringParts {
  readonly spool: Spool;
  readonly inbox: Db;
  readonly now: () => Date;
  readonly log: Logger;
}

const EVERY_MS = 500;

export interface Entering {
  /** Looks twice a second from now on. */
  readonly start: () => void;
  /** Brings in what is kept now; false when that is not known to be all. */
  readonly all: () => Promise<boolean>;
  /** What of the inbox was received by whoever shares the folder: the refusals of no other are known. */
  readonly isOurs: (row: Delivered) => Promise<boolean>;
  /** What this process has brought in, so that nobody else has begun it. Who begins it takes it out. */
  readonly fresh: Set<string>;
  readonly stop: () => Promise<void>;
}

/**
 * Each process brings in what lies in its folder, also what another one left there: a delivery enters once, by its key.
 */
export function createEntering({ spool, inbox, now, log }: EnteringParts): Entering {
  const fresh = new Set<string>();
  let away = false;
  let entering: Promise<boolean> | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function take({ refused, ...delivery }: Spooled): Promise<void> {
    if (refused) await receiveRefused(inbox, delivery, now());
    else if ((await receive(inbox, delivery)) === 'new') fresh.add(delivery.key);
  }

  async function enter(): Promise<boolean> {
    try {
      const entered = await spool.empty(take, now());
      if (entered > 0) log.info({ entered }, 'what was kept on disk is in the inbox');
      if (fresh.size > 0) await announceWork(inbox);
      away = false;
    } catch (error) {
      if (!away) log.warn({ err: error }, 'what is kept on disk cannot enter the inbox: waiting');
      away = true;
    }
    return !away;
  }

  const look = (): Promise<boolean> =>
    (entering ??= enter().finally(() => {
      entering = undefined;
    }));
  return {
    fresh,
    isOurs: async ({ receivedBy }) => receivedBy === (await spool.place()),
    start() {
      void look();
      timer = setInterval(() => void look(), EVERY_MS);
    },
    async all() {
      // One that is under way may have looked before the last was kept.
      await entering;
      return look();
    },
    async stop() {
      clearInterval(timer);
      await entering;
    },
  };
}
