/** Brings what was kept on disk into the inbox, as soon as the store takes it. */
import type { Logger } from '../log.ts';
import { receive, receiveRefused } from '../store/inbox.ts';
import type { Spool } from '../store/spool.ts';
import type { Db } from '../store/store.ts';

export interface EnteringParts {
  readonly spool: Spool;
  readonly inbox: Db;
  readonly now: () => Date;
  readonly log: Logger;
}

const EVERY_MS = 500;

/**
 * Looks twice a second until it is stopped. Each process brings in what lies in its folder, also what another one left
 * there: a delivery enters once, by its key.
 */
export function startEntering({ spool, inbox, now, log }: EnteringParts): () => Promise<void> {
  let away = false;
  let entering: Promise<void> | undefined;

  async function enter(): Promise<void> {
    try {
      const entered = await spool.empty(
        ({ refused, ...delivery }) =>
          refused ? receiveRefused(inbox, delivery, now()) : receive(inbox, delivery).then(() => undefined),
        now(),
      );
      if (entered > 0) log.info({ entered }, 'what was kept on disk is in the inbox');
      away = false;
    } catch (error) {
      if (!away) log.warn({ err: error }, 'what is kept on disk cannot enter the inbox: waiting');
      away = true;
    }
  }

  const look = (): void => {
    entering ??= enter().finally(() => {
      entering = undefined;
    });
  };
  look();
  const timer = setInterval(look, EVERY_MS);
  return async () => {
    clearInterval(timer);
    await entering;
  };
}
