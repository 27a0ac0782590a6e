/** Modals in a stack of at most three per person, and each person's App Home. */
import type { Slack } from '../context.ts';
import { secret } from '../ids.ts';
import type { Block, Json, StateValues, View } from '../model.ts';
import { SlackError } from '../refusal.ts';
import { blockElements, initialState } from '../rules/elements.ts';
import { withId } from './messages.ts';

const MAX_STACK = 3;

/** A view as the app gives it. */
export interface ViewDraft {
  readonly type: 'modal' | 'home';
  readonly blocks: Block[];
  readonly title?: Json | undefined;
  readonly submit?: Json | null | undefined;
  readonly close?: Json | null | undefined;
  readonly private_metadata?: string | undefined;
  readonly callback_id?: string | undefined;
  readonly external_id?: string | undefined;
  readonly clear_on_close?: boolean | undefined;
  readonly notify_on_close?: boolean | undefined;
}

export function openView(slack: Slack, user: string, draft: ViewDraft): View {
  const view = build(slack, draft, undefined);
  for (const old of slack.world.stacks.get(user) ?? []) slack.world.views.delete(old.id);
  slack.world.stacks.set(user, [view]);
  return show(slack, user, view);
}

export function pushView(slack: Slack, user: string, draft: ViewDraft): View {
  const stack = slack.world.stacks.get(user) ?? [];
  if (stack.length >= MAX_STACK) throw new SlackError('push_limit_reached');
  const view = build(slack, draft, stack.at(-1));
  slack.world.stacks.set(user, [...stack, view]);
  return show(slack, user, view);
}

/** Changes a view in place; what was typed into inputs that stay is kept. */
export function updateView(slack: Slack, view: View, draft: ViewDraft): View {
  const blocks = draft.blocks.map((block) => withId(slack, block));
  const next = build(slack, { ...draft, blocks }, undefined);
  Object.assign(view, next, {
    id: view.id,
    root_view_id: view.root_view_id,
    previous_view_id: view.previous_view_id,
    state: { values: keep(view.state.values, next.state.values) },
  });
  const user = ownerOf(slack, view);
  if (user !== undefined) slack.watchers.tell({ user }, { kind: 'view', view: structuredClone(view) });
  return view;
}

export function publishHome(slack: Slack, user: string, draft: ViewDraft): View {
  const old = slack.world.homes.get(user);
  if (old) return updateView(slack, old, draft);
  const view = build(slack, draft, undefined);
  slack.world.homes.set(user, view);
  return show(slack, user, view);
}

/** Takes one modal away, or all of them; answers those that went. */
export function closeViews(slack: Slack, user: string, view: View, all: boolean): View[] {
  const stack = slack.world.stacks.get(user) ?? [];
  const gone = all ? stack : stack.slice(stack.indexOf(view));
  slack.world.stacks.set(user, stack.slice(0, stack.length - gone.length));
  for (const one of gone) slack.world.views.delete(one.id);
  return gone;
}

function ownerOf(slack: Slack, view: View): string | undefined {
  for (const [user, stack] of slack.world.stacks) if (stack.includes(view)) return user;
  for (const [user, home] of slack.world.homes) if (home === view) return user;
  return undefined;
}

function show(slack: Slack, user: string, view: View): View {
  slack.world.views.set(view.id, view);
  slack.watchers.tell({ user }, { kind: 'view', view: structuredClone(view) });
  return view;
}

function build(slack: Slack, draft: ViewDraft, previous: View | undefined): View {
  const { identity, ids } = slack.world;
  const id = ids.next('V');
  const blocks = draft.blocks.map((block) => withId(slack, block));
  return {
    id,
    team_id: identity.team.id,
    type: draft.type,
    blocks,
    private_metadata: draft.private_metadata ?? '',
    callback_id: draft.callback_id ?? '',
    state: { values: initialState(blocks) },
    hash: `${slack.clock.now() / 1000}.${secret(4)}`,
    ...(draft.title ? { title: draft.title } : {}),
    clear_on_close: draft.clear_on_close ?? false,
    notify_on_close: draft.notify_on_close ?? false,
    close: draft.close ?? null,
    submit: draft.submit ?? null,
    previous_view_id: previous?.id ?? null,
    root_view_id: previous?.root_view_id ?? id,
    app_id: identity.appId,
    external_id: draft.external_id ?? '',
    app_installed_team_id: identity.team.id,
    bot_id: identity.botId,
  };
}

function keep(old: StateValues, next: StateValues): StateValues {
  const kept: StateValues = {};
  for (const [block, actions] of Object.entries(next)) {
    const entries = Object.entries(actions).map(([action, value]) => [action, old[block]?.[action] ?? value]);
    kept[block] = Object.fromEntries(entries) as StateValues[string];
  }
  return kept;
}

/** The interactive element with this action id, and the block that holds it. */
export function elementIn(blocks: readonly Block[], actionId: string, value?: string) {
  const found = blocks.flatMap((block) =>
    blockElements(block)
      .filter((element) => element['action_id'] === actionId)
      .map((element) => ({ block, element })),
  );
  return found.find(({ element }) => value !== undefined && element['value'] === value) ?? found[0];
}
