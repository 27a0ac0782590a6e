/** When something was said: what was kept on disk, or left by a crash, is older than the act that takes it up. */
import { type Refusal, refuse } from '../domain/refusal.ts';
import type { Cause } from './app.ts';

/** What was dangerous to say is not done later than this. */
export const DANGEROUS_MS = 60_000;

/** Slack takes no private answer 30 minutes after a command or a click. */
const ANSWERABLE_MS = 25 * 60_000;

/** Whether a private answer to it may reach nobody any more. */
export const isUnanswerable = (receivedAt: Date, now: Date): boolean =>
  now.getTime() - receivedAt.getTime() > ANSWERABLE_MS;

/** Never later than now: Slack's clock may be ahead of ours. */
export const saidAt = ({ saidAt: at }: Cause, now: Date): Date => (at !== undefined && at < now ? at : now);

/** For what is dangerous, at the moment it is done: a process may have been frozen since it was said. */
export function refuseOld({ saidAt: at }: Cause, now: Date): Refusal | undefined {
  if (at === undefined || now.getTime() - at.getTime() <= DANGEROUS_MS) return undefined;
  return refuse('SAID_TOO_LONG_AGO', { found: at.toISOString().slice(11, 16) });
}
