/** Performs what the outbox holds: each kind of effect has its Web API calls, and its way back from a lost answer. */
import type { Effect } from '../domain/effects.ts';
import type { Delivery, OutboxRow } from '../store/outbox.ts';
import { DEADLINE_MS } from './client.ts';
import { bookmarks } from './perform/bookmarks.ts';
import { canvas } from './perform/canvas.ts';
import {
  archive,
  createChannel,
  invite,
  moveFollowers,
  pin,
  renameChannel,
  topic,
  unarchive,
} from './perform/channels.ts';
import { type Attempt, type Performing, stillOurs } from './perform/context.ts';
import { file } from './perform/files.ts';
import { amend, live, say } from './perform/messages.ts';
import { deliveryOf, lookableFrom, mayHaveHappened, Refused } from './perform/verdict.ts';
import { whisper } from './perform/whisper.ts';

/** Pages by other ways, and what a tracker keeps, go elsewhere. */
export type SlackEffect = Exclude<Effect, { kind: 'send-page' | 'track' }>;

type Performer<K extends SlackEffect['kind']> = (
  effect: Extract<SlackEffect, { kind: K }>,
  attempt: Attempt,
  on: Performing,
) => Promise<void>;

/** After "sent, answer unknown": */
const PERFORMERS: { readonly [K in SlackEffect['kind']]: Performer<K> } = {
  /** adopts the channel of that name if the earlier attempt made it; */
  'create-channel': createChannel,
  /** `already_in_channel` is success; */
  invite,
  /** says the same again, and once more later: a lost one may bring back what was; */
  topic,
  /** `already_pinned` is success; */
  pin,
  /** adds those that are not there; those that land later are removed; */
  bookmarks,
  /** looks whether it has the name, else finds the next free one; */
  'rename-channel': renameChannel,
  /** `already_archived` is success; */
  archive,
  /** `not_archived` is success; */
  unarchive,
  /** invites them again; */
  'move-followers': moveFollowers,
  /** is left: it may have been seen; */
  whisper,
  /** edits its message, or looks for it by effect id; one that lands later is deleted, or drawn again; */
  live,
  /** looks for it by effect id; one that lands later is deleted; */
  say,
  /** changes it again; */
  amend,
  /** looks for the id that the file got before it was shared; one that lands later is deleted; */
  file,
  /** writes the same again, or leaves the one that is there. */
  canvas,
};

/** One attempt at one row. Never throws. */
export function createPerform(on: Performing): (row: OutboxRow, signal: AbortSignal) => Promise<Delivery> {
  const doubts = createDoubts();
  return async (row, signal) => {
    const begunAt = on.now();
    const from = doubts.lookFrom(row);
    const seconds = Math.ceil((from - begunAt.getTime()) / 1000);
    if (seconds > 0) return { kind: 'wait', seconds };
    const attempt: Attempt = { row, doubt: from > 0, signal };
    try {
      stillOurs(attempt);
      await perform(row.effect, attempt, on);
      doubts.end(row);
      return { kind: 'sent' };
    } catch (error) {
      const delivery = deliveryOf(error, row.effect);
      if (delivery.kind === 'refused') doubts.end(row);
      else if (mayHaveHappened(error)) doubts.keep(row, lookableFrom(error, begunAt, on.now()));
      return delivery;
    }
  };
}

const perform = (effect: Effect, attempt: Attempt, on: Performing): Promise<void> =>
  effect.kind === 'send-page' || effect.kind === 'track'
    ? Promise.reject(new Refused('it is not for Slack'))
    : (PERFORMERS[effect.kind] as Performer<SlackEffect['kind']>)(effect, attempt, on);

interface Doubts {
  /** From when on the row can be looked for in Slack; 0 when there is nothing to find. */
  lookFrom(row: OutboxRow): number;
  keep(row: OutboxRow, from: number): void;
  end(row: OutboxRow): void;
}

/**
 * Rows that may have been carried out without our hearing of it. What another process tried may still be on its
 * way until the deadline of its request: only then does it make sense to look.
 */
function createDoubts(): Doubts {
  const known = new Map<string, { readonly from: number; readonly attempts: number }>();
  // The outbox counts each attempt, also one that only waits: another count than this was left by somebody else.
  const keep = ({ effectId, attempts }: OutboxRow, from: number): void =>
    void known.set(effectId, { from, attempts: attempts + 1 });
  return {
    lookFrom(row) {
      const ours = known.get(row.effectId);
      const from =
        ours?.attempts === row.attempts ? ours.from : row.triedAt ? row.triedAt.getTime() + DEADLINE_MS : 0;
      // A doubt stays: a look that failed has answered nothing.
      keep(row, from);
      return from;
    },
    keep,
    end: ({ effectId }) => void known.delete(effectId),
  };
}
