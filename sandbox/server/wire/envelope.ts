/** One thing to deliver to the app, and what became of it. */
import type { Json } from '../model.ts';

/** How long Slack waits for an ack. */
export const ACK_MS = 3_000;
/** Slack tries an event again at once, after a minute and after five. */
export const RETRY_MS = [0, 60_000, 300_000] as const;

export interface Delivery {
  readonly type: 'events_api' | 'slash_commands' | 'interactive';
  readonly payload: Json;
  readonly acceptsPayload: boolean;
  /** Called at most once: with the app's answer, or with why there is none. */
  readonly done?: (outcome: Outcome) => void;
}

export type Outcome =
  | { readonly kind: 'acked'; readonly payload: Json; readonly tookMs: number }
  | { readonly kind: 'failed'; readonly reason: 'dispatch_failed' | 'operation_timeout' };

/** What the control surface asked to do with the next deliveries. */
export interface Disturbance {
  readonly kind: 'duplicate' | 'delay' | 'reorder';
  readonly ms: number;
}
