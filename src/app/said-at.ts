/** When something was said: what was kept on disk, or left by a crash, is older than the act that takes it up. */
import type { Cause } from './app.ts';

/** Never later than now: Slack's clock may be ahead of ours. */
export const saidAt = ({ saidAt: at }: Cause, now: Date): Date => (at !== undefined && at < now ? at : now);
