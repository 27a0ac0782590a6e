/** Ends the delivery that an act comes from, as a part of the act. */
import { settleDone } from '../store/inbox.ts';
import type { Db } from '../store/store.ts';
import type { Cause } from './app.ts';

/** Those that an act has ended. Where its transaction failed after that, the act has thrown, and nobody asks. */
const settled = new WeakSet<Cause>();

/** In the transaction of the act, which is rolled back where another instance has done it in the meantime. */
export async function settleCause(tx: Db, cause: Cause, now: Date): Promise<void> {
  if (cause.inboxKey === undefined) return;
  await settleDone(tx, cause.inboxKey, now);
  settled.add(cause);
}

/** Whether an act has ended its delivery. */
export const isSettled = (cause: Cause): boolean => settled.has(cause);
