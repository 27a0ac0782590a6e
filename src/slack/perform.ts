/** Performs what the outbox holds: each kind of effect has its Web API calls, and its way back from a lost answer. */
import type { Effect } from '../domain/effects.ts';
import type { Delivery, OutboxRow } from '../store/outbox.ts';
import { createIdentity, DEADLINE_MS } from './client.ts';
import { createChannel, invite, pin, topic } from './perform/channels.ts';
import type { Attempt, Performing, PerformParts } from './perform/context.ts';
import { file } from './perform/files.ts';
import { live, say } from './perform/messages.ts';
import { deliveryOf, mayHaveHappened } from './perform/verdict.ts';

type Performer<K extends Effect['kind']> = (
  effect: Extract<Effect, { kind: K }>,
  attempt: Attempt,
  on: Performing,
) => Promise<void>;

/** After "sent, answer unknown": */
const PERFORMERS: { readonly [K in Effect['kind']]: Performer<K> } = {
  /** adopts the channel of that name if the earlier attempt made it; */
  'create-channel': createChannel,
  /** `already_in_channel` is success; */
  invite,
  /** says the same again; */
  topic,
  /** `already_pinned` is success; */
  pin,
  /** edits its message, or looks for it by effect id; */
  live,
  /** looks for it by effect id; */
  say,
  /** looks for the id that the file got before it was shared. */
  file,
};

/** One attempt at one row. Never throws. */
export function createPerform(parts: PerformParts): (row: OutboxRow) => Promise<Delivery> {
  const on: Performing = { ...parts, identity: createIdentity(parts.client) };
  const doubts = createDoubts(parts.now);
  return async (row) => {
    const seconds = doubts.secondsLeft(row);
    if (seconds > 0) return { kind: 'wait', seconds };
    try {
      await perform(row.effect, { row, doubt: doubts.about(row) }, on);
      doubts.end(row);
      return { kind: 'sent' };
    } catch (error) {
      const delivery = deliveryOf(error);
      if (delivery.kind === 'refused') doubts.end(row);
      else doubts.after(row, error);
      return delivery;
    }
  };
}

const perform = (effect: Effect, attempt: Attempt, on: Performing): Promise<void> =>
  (PERFORMERS[effect.kind] as Performer<Effect['kind']>)(effect, attempt, on);

/**
 * Rows that may have been carried out without our hearing of it. What another process tried may still be on its
 * way until the deadline of its request: only then does it make sense to look.
 */
function createDoubts(now: () => Date): {
  secondsLeft(row: OutboxRow): number;
  about(row: OutboxRow): boolean;
  after(row: OutboxRow, error: unknown): void;
  end(row: OutboxRow): void;
} {
  /** By effect: from when on it can be looked for; 0 when there is nothing to find. */
  const lookFrom = new Map<string, number>();
  const from = ({ effectId, triedAt }: OutboxRow): number => {
    const known = lookFrom.get(effectId) ?? (triedAt ? triedAt.getTime() + DEADLINE_MS : 0);
    // Kept, since the outbox moves `triedAt` at each attempt, also at one that only waits.
    lookFrom.set(effectId, known);
    return known;
  };
  return {
    secondsLeft: (row) => Math.max(0, Math.ceil((from(row) - now().getTime()) / 1000)),
    about: (row) => from(row) > 0,
    // A doubt stays: a look that failed has answered nothing.
    after: (row, error) => {
      if (from(row) === 0 && mayHaveHappened(error)) lookFrom.set(row.effectId, now().getTime());
    },
    end: (row) => void lookFrom.delete(row.effectId),
  };
}
