/** Ends what somebody asked for and is not done: they are told in any case, or it is still to be done. */
import { type Ending, settle } from '../store/inbox.ts';
import { enqueue } from '../store/outbox.ts';
import type { Store } from '../store/store.ts';

export interface NotDone {
  readonly inboxKey: string;
  readonly ending: Exclude<Ending, 'done'>;
  /** Who asked; undefined: nobody did. */
  readonly user: string | undefined;
  readonly text: string;
}

/** What was ended before is left as it is, and nothing is told. */
export const endUndone = (
  store: Store,
  { inboxKey, ending, user, text }: NotDone,
  now: Date,
): Promise<void> =>
  store.transaction(async (tx) => {
    const ended = await settle(tx, inboxKey, ending, now);
    if (ended && user !== undefined)
      await enqueue(tx, [{ kind: 'say', to: { kind: 'user', id: user }, text }], now);
  });
