/** Submitting and closing modals, and opening App Home. */
import { z } from 'zod';
import { closeViews, pushView, updateView, type ViewDraft } from '../acts/views.ts';
import { checkedView, requireType, viewShape } from '../api/views.ts';
import type { Slack } from '../context.ts';
import { seconds } from '../context.ts';
import type { Block, Json, StateValues, User, View } from '../model.ts';
import { ControlError } from '../refusal.ts';
import { isJson } from '../rules/blocks.ts';
import { blockElements, entryFor, isEmpty } from '../rules/elements.ts';
import { checkView } from '../rules/views.ts';
import { directMessage } from '../world.ts';
import { wrong } from './clicks.ts';
import { emit } from './events.ts';
import { basics, interact, type Seen } from './interact.ts';

const answerShape = z.discriminatedUnion('response_action', [
  z.object({ response_action: z.literal('errors'), errors: z.record(z.string(), z.string()) }),
  z.object({ response_action: z.literal('update'), view: viewShape }),
  z.object({ response_action: z.literal('push'), view: viewShape }),
  z.object({ response_action: z.literal('clear') }),
]);

export function submit(slack: Slack, user: User, view: View, values: Json, waitMs: number): Promise<Seen> {
  fill(view, values);
  requireInputs(view);
  return interact(slack, {
    type: 'interactive',
    user,
    channel: undefined,
    waitMs,
    payload: {
      type: 'view_submission',
      ...basics(slack, user),
      trigger_id: slack.links.trigger({ user: user.id, viewId: view.id }),
      view: structuredClone(view),
    },
    answered(outcome) {
      if (outcome.kind === 'acked') {
        afterSubmit(slack, user, view, outcome.payload);
        return;
      }
      const text = 'We had some trouble connecting. Try again?';
      slack.watchers.tell({ user: user.id }, { kind: 'view', text, view });
    },
  });
}

function afterSubmit(slack: Slack, user: User, view: View, payload: Json): void {
  if (payload['response_action'] === undefined) {
    closeViews(slack, user.id, view, false);
    return;
  }
  const answer = answerShape.parse(payload);
  switch (answer.response_action) {
    case 'errors': {
      slack.watchers.tell(
        { user: user.id },
        { kind: 'ack', errors: answer.errors, view: structuredClone(view) },
      );
      return;
    }
    case 'clear':
      void Promise.all(tellClosed(slack, user, closeViews(slack, user.id, view, true), true, 0));
      return;
    case 'update':
      requireType(answer.view as ViewDraft, 'modal');
      checkView(answer.view as ViewDraft);
      updateView(slack, view, answer.view as ViewDraft);
      return;
    case 'push':
      pushView(slack, user.id, checkedView(slack, answer.view));
  }
}

/** Takes `{block: {action: value}}`, or a flat map whose keys are action or block ids. */
function fill(view: View, values: Json): void {
  for (const [key, raw] of Object.entries(values)) {
    const block = view.blocks.find((one) => one.block_id === key);
    const elements = block ? blockElements(block) : [];
    if (block && isJson(raw) && elements.some((one) => String(one['action_id']) in raw)) {
      for (const [action, value] of Object.entries(raw)) set(view, block, action, value);
    } else if (block && elements[0]) {
      set(view, block, String(elements[0]['action_id']), raw);
    } else {
      set(view, holderOf(view, key), key, raw);
    }
  }
}

function holderOf(view: View, actionId: string): Block {
  const holder = view.blocks.find((block) =>
    blockElements(block).some((one) => one['action_id'] === actionId),
  );
  if (holder) return holder;
  const fields = view.blocks.flatMap(blockElements).map((one) => String(one['action_id']));
  throw new ControlError(
    400,
    'no_such_field',
    `the view has no field ${actionId}; it has: ${fields.join(', ')}`,
  );
}

function set(view: View, block: Block, actionId: string, raw: unknown): void {
  const element = blockElements(block).find((one) => one['action_id'] === actionId);
  const entry = element && wrong(() => entryFor(element, raw));
  if (!entry || block.block_id === undefined) {
    throw new ControlError(
      400,
      'no_such_field',
      `${actionId} is not a field of block ${block.block_id ?? ''}`,
    );
  }
  const values: StateValues = view.state.values;
  values[block.block_id] = { ...values[block.block_id], [actionId]: entry };
}

/** Slack's own client lets nobody submit a form with an empty required field. */
function requireInputs(view: View): void {
  const missing = view.blocks
    .filter((block) => block.type === 'input' && block['optional'] !== true)
    .flatMap((block) => blockElements(block).map((one) => ({ block, action: String(one['action_id']) })))
    .filter(({ block, action }) => isEmpty(view.state.values[block.block_id ?? '']?.[action]))
    .map(({ action }) => action);
  if (missing.length > 0) {
    throw new ControlError(400, 'required_field', `please complete: ${missing.join(', ')}`);
  }
}

export async function close(
  slack: Slack,
  user: User,
  view: View,
  all: boolean,
  waitMs: number,
): Promise<Seen> {
  const cleared = all || view.clear_on_close;
  const gone = closeViews(slack, user.id, view, cleared);
  const seen = await Promise.all(tellClosed(slack, user, gone, cleared, waitMs));
  return { ack_ms: seen[0]?.ack_ms ?? null, responses: seen.flatMap((one) => one.responses) };
}

/** Only views that asked for it are told of. */
function tellClosed(
  slack: Slack,
  user: User,
  gone: readonly View[],
  cleared: boolean,
  waitMs: number,
): Promise<Seen>[] {
  const told = gone.filter((one) => one.notify_on_close);
  return told.map((one) =>
    interact(slack, {
      type: 'interactive',
      user,
      channel: undefined,
      waitMs,
      payload: {
        type: 'view_closed',
        ...basics(slack, user),
        view: structuredClone(one),
        is_cleared: cleared,
      },
      answered: () => undefined,
    }),
  );
}

/** Opens App Home and answers the view the app published for it. */
export async function openHome(slack: Slack, user: User, waitMs: number): Promise<View | null> {
  const before = slack.world.homes.get(user.id)?.hash;
  const published = () => slack.world.homes.get(user.id)?.hash !== before;
  const watch = slack.watchers.start({ user: user.id, channels: [], waitMs, until: published });
  const view = slack.world.homes.get(user.id);
  emit(slack, undefined, {
    type: 'app_home_opened',
    user: user.id,
    channel: directMessage(slack.world, user, seconds(slack)).id,
    tab: 'home',
    ...(view ? { view: structuredClone(view) } : {}),
  });
  watch.acked(0);
  await watch.settled();
  return slack.world.homes.get(user.id) ?? null;
}
