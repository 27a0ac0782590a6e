/** Stands between a Bolt receiver and the App: what Slack delivers is committed before it is acked. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { App, Receiver, ReceiverEvent } from '@slack/bolt';
import type { Logger } from '../log.ts';
import { receive, settle, stateOf } from '../store/inbox.ts';
import type { Db } from '../store/store.ts';
import { type Answer, createAnswer } from './answer.ts';
import { type Arrival, identify } from './inbound.ts';

export interface InboxParts {
  /** The small pool of its own. */
  readonly inbox: Db;
  readonly now: () => Date;
  readonly log: Logger;
}

export interface InboxReceiver extends Receiver {
  /** Keys that this process is working on: a replay must leave them alone. */
  readonly underWay: ReadonlySet<string>;
}

/** What takes longer than this is left to the next start. */
const STOP_MS = 3000;
const LOOK_MS = 20;

const NOT_RECORDED = 'This was not recorded: the store did not answer. Nothing was done, say it again.';
const PERHAPS_RECORDED =
  'This may not have been recorded: the store did not answer in time. Look whether it was done, then say it again.';
/** By the state in which the row was left; an act may have been committed although its answer was lost. */
const AFTER_FAILURE = {
  done: 'This was done, but something went wrong afterwards. Look at the channel before you repeat it.',
  refused: 'Something went wrong inside Firebreak, and this was not done. Say it again; the log says more.',
  received:
    'The store does not answer. This is recorded and will be done when it does: do not repeat it. (A step that changes a database is only done within a minute.)',
} as const;

/** Wraps a receiver; its `processEvent` is ours. */
export function inboxReceiver(inner: Receiver, parts: InboxParts): InboxReceiver {
  const underWay = new Set<string>();
  return {
    underWay,
    init(app) {
      // Receivers call nothing else of an App.
      inner.init({
        processEvent: (event: ReceiverEvent) => admit(app, event, parts, underWay),
      } as unknown as App);
    },
    start: (...args: unknown[]) => inner.start(...args),
    async stop(...args: unknown[]) {
      // Their answers go over the connection that is to be closed.
      await emptied(underWay);
      return inner.stop(...args);
    },
  };
}

async function emptied(underWay: ReadonlySet<string>): Promise<void> {
  for (let waited = 0; underWay.size > 0 && waited < STOP_MS; waited += LOOK_MS) await sleep(LOOK_MS);
}

async function admit(
  app: App,
  event: ReceiverEvent,
  parts: InboxParts,
  underWay: Set<string>,
): Promise<void> {
  const arrival = identify(event.body);
  const receivedAt = parts.now();
  // Before the row is written: Slack's 3 s run already.
  const answer = createAnswer(event, arrival.kind, parts.log);
  const noted = await note(event, arrival, answer, receivedAt, parts);
  if (noted === 'failed') return;
  if (noted === 'known') return answer.forgo();
  const { key } = arrival;
  if (key !== undefined) underWay.add(key);
  try {
    await work(app, event, arrival, answer, receivedAt, parts);
  } finally {
    if (key !== undefined) underWay.delete(key);
  }
}

/** Commits the row. An event that cannot be written stays unacked, so that Slack sends it again. */
async function note(
  event: ReceiverEvent,
  { key, kind }: Arrival,
  answer: Answer,
  receivedAt: Date,
  { inbox, log }: InboxParts,
): Promise<'new' | 'known' | 'failed'> {
  if (key === undefined) return 'new';
  try {
    return await receive(inbox, { key, kind, payload: event.body, receivedAt });
  } catch (error) {
    log.error({ err: error, kind }, 'a delivery was not recorded');
    if (kind === 'event') throw error;
    await answer.finish(isTimeout(error) ? PERHAPS_RECORDED : NOT_RECORDED);
    return 'failed';
  }
}

/** An INSERT whose client gave up is still written when the server wakes up. */
const isTimeout = (error: unknown): boolean =>
  error instanceof Error && /^Query read timeout/.test(error.message);

async function work(
  app: App,
  event: ReceiverEvent,
  arrival: Arrival,
  answer: Answer,
  receivedAt: Date,
  parts: InboxParts,
): Promise<void> {
  // Nobody waits for the outcome of an event, and its row is written.
  if (arrival.kind === 'event') await answer.ack();
  const noted = { inboxKey: arrival.key, receivedAt };
  try {
    await app.processEvent({
      ...event,
      ack: answer.ack,
      customProperties: { ...event.customProperties, ...noted },
    });
    await answer.finish();
    await end(arrival.key, 'done', parts);
  } catch (error) {
    parts.log.error({ err: error, kind: arrival.kind }, 'a delivery failed');
    // Nobody waits for it, and nobody would say it again: it stays open and is replayed.
    if (arrival.kind === 'event') return;
    await answer.finish(AFTER_FAILURE[await end(arrival.key, 'refused', parts)]);
  }
}

/** Ends a row that no act has ended in its own transaction; says how it stands now. */
async function end(
  key: string | undefined,
  state: 'done' | 'refused',
  { inbox, now, log }: InboxParts,
): Promise<'done' | 'refused' | 'received'> {
  if (key === undefined) return state;
  try {
    await settle(inbox, key, state, now());
    return state === 'done' || (await stateOf(inbox, key)) === 'done' ? 'done' : 'refused';
  } catch (error) {
    log.warn({ err: error }, 'a delivery stays open and will be replayed');
    return 'received';
  }
}
