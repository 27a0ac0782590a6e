/** Buttons, menus and inputs: block_actions of a message, a modal or App Home. */

import { shown } from '../acts/messages.ts';
import { elementIn } from '../acts/views.ts';
import type { Slack } from '../context.ts';
import {
  type Block,
  type Channel,
  type Json,
  type Message,
  type StateValues,
  type User,
  type View,
  without,
} from '../model.ts';
import { ControlError } from '../refusal.ts';
import { blockElements, entryFor, initialState, optionOf } from '../rules/elements.ts';
import { basics, interact, type Seen } from './interact.ts';

export type Place =
  | {
      readonly kind: 'message';
      readonly channel: Channel;
      readonly message: Message;
      readonly ephemeral: boolean;
    }
  | { readonly kind: 'view'; readonly view: View };

export function click(
  slack: Slack,
  user: User,
  place: Place,
  actionId: string,
  value: unknown,
  waitMs: number,
): Promise<Seen> {
  const blocks = place.kind === 'view' ? place.view.blocks : (place.message.blocks ?? []);
  const { block, element } = find(blocks, actionId, value);
  const entry = wrong(() => entryFor(element, value));
  const state = place.kind === 'view' ? place.view.state.values : chosenIn(slack, user, place);
  if (entry) remember(state, block, actionId, entry);
  const action = {
    type: element['type'],
    action_id: actionId,
    block_id: block.block_id,
    ...details(element, value),
    ...entry,
    action_ts: slack.world.ts(),
  };
  return interact(slack, {
    type: 'interactive',
    user,
    channel: place.kind === 'message' ? place.channel : undefined,
    waitMs,
    payload: {
      type: 'block_actions',
      ...basics(slack, user),
      ...where(slack, user, place, state),
      actions: [action],
    },
    answered: () => undefined,
  });
}

/** Options for an external select, asked of the app while a person types. */
export async function suggest(
  slack: Slack,
  user: User,
  place: Place,
  actionId: string,
  value: string,
  waitMs: number,
): Promise<{ ack_ms: number | null; options: unknown; option_groups: unknown }> {
  const blocks = place.kind === 'view' ? place.view.blocks : (place.message.blocks ?? []);
  const { block, element } = find(blocks, actionId, undefined);
  if (!String(element['type']).includes('external'))
    throw new ControlError(400, 'wrong_element', `${actionId} asks for no options`);
  let answer: Json = {};
  const seen = await interact(slack, {
    type: 'interactive',
    user,
    channel: undefined,
    waitMs,
    quietMs: 0,
    payload: {
      type: 'block_suggestion',
      ...basics(slack, user),
      ...onlyRead(where(slack, user, place, {})),
      action_id: actionId,
      block_id: block.block_id,
      value,
    },
    answered(outcome) {
      if (outcome.kind === 'acked') answer = outcome.payload;
    },
  });
  return { ack_ms: seen.ack_ms, options: answer['options'], option_groups: answer['option_groups'] };
}

/** A suggestion opens and answers nothing, so it has no trigger and no response URL. */
const onlyRead = (place: Json) => without(place, 'trigger_id', 'response_url', 'state');

/** Slack's client remembers what a person chose in a message until its blocks change. */
function chosenIn(slack: Slack, user: User, place: Place & { kind: 'message' }): StateValues {
  const key = `${place.channel.id}:${place.message.ts}:${user.id}`;
  const state = slack.world.chosen.get(key) ?? initialState(place.message.blocks ?? []);
  slack.world.chosen.set(key, state);
  return state;
}

function find(blocks: readonly Block[], actionId: string, value: unknown) {
  const found = elementIn(blocks, actionId, typeof value === 'string' ? value : undefined);
  if (found) return found;
  const present = blocks.flatMap(blockElements).map((element) => String(element['action_id']));
  throw new ControlError(
    404,
    'no_such_action',
    `no element ${actionId}; there are: ${present.join(', ') || 'none'}`,
  );
}

function remember(state: StateValues, block: Block, actionId: string, entry: Json): void {
  if (block.block_id !== undefined) state[block.block_id] = { ...state[block.block_id], [actionId]: entry };
}

/** Buttons carry their own text and value; an overflow menu the chosen option. */
function details(element: Json, value: unknown): Json {
  if (element['type'] === 'overflow') return { selected_option: wrong(() => optionOf(element, value)) };
  const { text, value: own, style, url, placeholder } = element;
  if (element['type'] !== 'button') return placeholder === undefined ? {} : { placeholder };
  return {
    text,
    ...(own === undefined ? {} : { value: own }),
    ...(style === undefined ? {} : { style }),
    ...(url === undefined ? {} : { url }),
  };
}

function where(slack: Slack, user: User, place: Place, values: StateValues): Json {
  if (place.kind === 'view') {
    const { view } = place;
    return {
      container: { type: 'view', view_id: view.id },
      trigger_id: slack.links.trigger({ user: user.id, viewId: view.type === 'modal' ? view.id : undefined }),
      view: structuredClone(view),
    };
  }
  const { channel, message, ephemeral } = place;
  const { ts, thread_ts } = message;
  return {
    container: {
      type: 'message',
      message_ts: ts,
      channel_id: channel.id,
      is_ephemeral: ephemeral,
      ...(thread_ts === undefined ? {} : { thread_ts }),
    },
    trigger_id: slack.links.trigger({ user: user.id, viewId: undefined }),
    channel: { id: channel.id, name: channel.kind === 'im' ? 'directmessage' : channel.name },
    ...(ephemeral ? {} : { message: shown(channel, message) }),
    state: { values: structuredClone(values) },
    response_url: slack.links.responseUrl({ user: user.id, channel: channel.id, messageTs: ts }),
  };
}

/** A value the element cannot have is the caller's mistake. */
export function wrong<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) throw new ControlError(400, 'wrong_value', error.message);
    throw error;
  }
}
