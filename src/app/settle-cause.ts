/** Ends the delivery that an act comes from, as a part of the act. */
import { settleDone } from '../store/inbox.ts';
import type { Db } from '../store/store.ts';
import type { Cause } from './app.ts';

/** In the transaction of the act, which is rolled back where another instance has done it in the meantime. */
export async function settleCause(tx: Db, { inboxKey }: Cause, now: Date): Promise<void> {
  if (inboxKey !== undefined) await settleDone(tx, inboxKey, now);
}
