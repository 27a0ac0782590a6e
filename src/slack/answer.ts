/** Owns the one ack of a delivery: the first answer counts, and what comes too late goes by response_url. */
import type { ReceiverEvent } from '@slack/bolt';
import type { Logger } from '../log.ts';
import { outbound } from '../outbound.ts';
import { type Arrival, type Body, responseUrl } from './inbound.ts';
import { clip, mrkdwn } from './views/text.ts';
import { toldModal } from './views/told-modal.ts';

/** From the arrival on. Slack shows an error at 3 s; by then the person must have heard from us. */
const PATIENCE_MS = 2000;
const POST_TIMEOUT_MS = 5000;
const STILL_WORKING = ':hourglass_flowing_sand: Still working on it. The answer comes here.';
/** For a click that did what it says. */
export const DONE = ':white_check_mark: Done.';
/** Slack cuts a text at 40,000 characters without a word. */
const TEXT_LIMIT = 39_000;

/** What the person who acted reads. */
export interface Told {
  readonly text: string;
  /** Sent again it would be done twice: of a form nothing is left to be sent. */
  readonly over?: boolean;
  /** At the fields of a form, instead of the text. */
  readonly errors?: Readonly<Record<string, string>>;
}

export interface Answer {
  /** What listeners get as `ack`. */
  readonly ack: ReceiverEvent['ack'];
  /** Acks if nobody has; what is told is for the person alone, and comes also when the ack is gone. */
  finish(told?: Told): Promise<void>;
  /** Acks without a word: another copy of the delivery is answered, or another instance answers. */
  forgo(): Promise<void>;
}

/** Takes over the ack of an event, from the moment it arrives. */
export function createAnswer(
  event: Pick<ReceiverEvent, 'ack' | 'body'>,
  kind: Arrival['kind'],
  log: Logger,
): Answer {
  let state: 'open' | 'stalled' | 'answered' = 'open';
  const url = responseUrl(event.body);
  // What Slack takes no text in the ack of.
  const textless = kind !== 'command' && kind !== 'form';
  // A form's answer only fits into its ack, so it waits.
  const patience =
    kind === 'command' || kind === 'click' ? setTimeout(() => void stall(), PATIENCE_MS) : undefined;

  const post = async (payload: unknown): Promise<void> => {
    const message = messageIn(payload);
    if (message) await respond(url, message, log);
  };
  const send = async (payload?: unknown): Promise<void> => {
    try {
      await event.ack(textless ? undefined : payload);
    } catch (error) {
      log.warn({ err: error }, 'ack could not be sent');
      if (!textless) await post(payload);
    }
    if (textless) await post(payload);
  };
  const stall = async (): Promise<void> => {
    if (state !== 'open') return;
    state = 'stalled';
    await send(privately(STILL_WORKING));
  };
  const ack = async (payload?: unknown): Promise<void> => {
    clearTimeout(patience);
    const before = state;
    state = 'answered';
    if (before === 'open') await send(payload);
    // An answer was promised, and a click that did what it says has none of its own.
    if (before === 'stalled') await post(messageIn(payload) ?? privately(DONE));
  };
  return {
    ack,
    async forgo() {
      clearTimeout(patience);
      const before = state;
      state = 'answered';
      if (before === 'open') await send();
    },
    finish: (told) => {
      if (told === undefined) return ack();
      const { text } = told;
      if (state === 'answered' && textless) return post(privately(text));
      return ack(kind === 'form' ? formAnswer(event.body, told) : privately(text));
    },
  };
}

const messageIn = (payload: unknown): Body | undefined => {
  const message = typeof payload === 'string' ? { text: payload } : (payload as Body | undefined);
  return message && 'text' in message ? message : undefined;
};

/** A message that only the person who acted sees; all answers pass here, so that none is more than Slack takes. */
export const privately = (text: string) =>
  ({
    response_type: 'ephemeral',
    replace_original: false,
    text: clip(mrkdwn(text), TEXT_LIMIT),
  }) as const;

/** Posts to a response_url; a failure is logged, since nobody is left to be told. */
export async function respond(url: string | undefined, message: Body, log: Logger): Promise<void> {
  if (url === undefined) {
    log.warn('an answer has nowhere to go');
    return;
  }
  try {
    const answer = await outbound(url, {
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

/** What was typed stays to be sent again, the error at its first field; or the form gives way to what there is to say. */
function formAnswer(body: Body, { text, over, errors }: Told): Body | undefined {
  if (errors) return { response_action: 'errors', errors };
  if (over) return { response_action: 'update', view: toldModal(text) };
  const view = body['view'] as { readonly blocks?: readonly Body[] } | undefined;
  const field = view?.blocks?.find(({ type }) => type === 'input')?.['block_id'];
  return typeof field === 'string' ? { response_action: 'errors', errors: { [field]: text } } : undefined;
}
