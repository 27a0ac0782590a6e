/** Ends the delivery that an act comes from, as a part of the act. */
import { settleDone } from '../store/inbox.ts';
import type { Db } from '../store/store.ts';
import type { Cause } from './app.ts';

/** Those that an act has ended: where its transaction failed after that, it has thrown. */
const settled = new WeakSet<Cause>();

/** In the transaction of the act, which is rolled back where another instance has done it in the meantime. */
export async function settleCause(tx: Db, cause: Cause, now: Date): Promise<void> {
  if (cause.inboxKey === undefined) return;
  await settleDone(tx, cause.inboxKey, now);
  settled.add(cause);
}

/** The delivery that is left to be ended: none, where an act has done it. */
export const unsettled = (cause: Cause): string | undefined =>
  settled.has(cause) ? undefined : cause.inboxKey;
