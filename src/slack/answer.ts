/** Owns the one ack of a delivery: the first answer counts, and what comes too late goes by response_url. */
import type { ReceiverEvent } from '@slack/bolt';
import type { Logger } from '../log.ts';
import { type Arrival, type Body, responseUrl } from './inbound.ts';

/** Slack shows an error at 3 s; by then the person must have heard from us. */
const PATIENCE_MS = 2000;
const POST_TIMEOUT_MS = 5000;
const STILL_WORKING = ':hourglass_flowing_sand: Still working on it. The answer comes here.';

export interface Answer {
  /** What listeners get as `ack`. */
  readonly ack: ReceiverEvent['ack'];
  /** Acks if nobody has; `text` is told to the person alone, also when the ack is gone. */
  finish(text?: string): Promise<void>;
}

/** Takes over the ack of an event. */
export function createAnswer(
  event: Pick<ReceiverEvent, 'ack' | 'body'>,
  kind: Arrival['kind'],
  log: Logger,
): Answer {
  let state: 'open' | 'stalled' | 'answered' = 'open';
  const url = responseUrl(event.body);
  const patience = setTimeout(() => void stall(), PATIENCE_MS);

  const post = async (payload: unknown): Promise<void> => {
    const message = typeof payload === 'string' ? { text: payload } : (payload as Body | undefined);
    if (message && 'text' in message) await respond(url, message, log);
  };
  const send = async (payload?: unknown): Promise<void> => {
    try {
      await event.ack(payload);
    } catch (error) {
      log.warn({ err: error }, 'ack could not be sent');
      await post(payload);
    }
  };
  const stall = async (): Promise<void> => {
    // A form's answer only fits into its ack, so it waits.
    if (state !== 'open' || (kind !== 'command' && kind !== 'click')) return;
    state = 'stalled';
    await tell(STILL_WORKING, send);
  };
  const ack = async (payload?: unknown): Promise<void> => {
    clearTimeout(patience);
    const before = state;
    state = 'answered';
    if (before === 'open') await send(payload);
    if (before === 'stalled') await post(payload);
  };
  const tell = async (text: string, acked: typeof ack): Promise<void> => {
    if (kind === 'command') return acked(privately(text));
    await acked(kind === 'form' ? formErrors(event.body, text) : undefined);
    // The ack of a click carries no text.
    if (kind !== 'form') await respond(url, privately(text), log);
  };
  return {
    ack,
    finish: (text) => (text === undefined ? ack() : tell(text, ack)),
  };
}

/** A message that only the person who acted sees. */
export const privately = (text: string) =>
  ({ response_type: 'ephemeral', replace_original: false, text }) as const;

/** Posts to a response_url; a failure is logged, since nobody is left to be told. */
export async function respond(url: string | undefined, message: Body, log: Logger): Promise<void> {
  if (url === undefined) {
    log.warn('an answer has nowhere to go');
    return;
  }
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify(message),
      signal: AbortSignal.timeout(POST_TIMEOUT_MS),
    });
    if (!answer.ok) log.warn({ status: answer.status }, 'an answer was refused');
  } catch (error) {
    log.warn({ err: error }, 'an answer could not be sent');
  }
}

/** Keeps the form open with what was typed: the error stands at its first field. */
function formErrors(body: Body, text: string): Body | undefined {
  const view = body['view'] as { readonly blocks?: readonly Body[] } | undefined;
  const field = view?.blocks?.find(({ type }) => type === 'input')?.['block_id'];
  return typeof field === 'string' ? { response_action: 'errors', errors: { [field]: text } } : undefined;
}
