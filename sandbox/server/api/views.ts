/** Modals and App Home. */
import { z } from 'zod';
import { openView, publishHome, pushView, updateView, type ViewDraft } from '../acts/views.ts';
import type { Slack } from '../context.ts';
import type { View } from '../model.ts';
import { invalid, SlackError } from '../refusal.ts';
import { checkView } from '../rules/views.ts';
import { defineMethod, embedded, person, word } from './define.ts';

const block = z.looseObject({ type: z.string(), block_id: z.string().optional() });
const json = z.record(z.string(), z.unknown());
export const viewShape = z.strictObject({
  type: z.enum(['modal', 'home']),
  blocks: z.array(block),
  title: json.optional(),
  submit: json.nullish(),
  close: json.nullish(),
  private_metadata: z.string().optional(),
  callback_id: z.string().optional(),
  external_id: z.string().optional(),
  clear_on_close: z.boolean().optional(),
  notify_on_close: z.boolean().optional(),
  submit_disabled: z.boolean().optional(),
});
const view = embedded(viewShape);
const opening = z.object({ trigger_id: word, view });

export const viewMethods = [
  defineMethod('views.open', { tier: 4 }, opening, (slack, args) => {
    const draft = checkedView(slack, args.view);
    return { view: openView(slack, slack.links.spend(args.trigger_id).user, draft) };
  }),
  defineMethod('views.push', { tier: 4 }, opening, (slack, args) => {
    const draft = checkedView(slack, args.view);
    const { user, viewId } = slack.links.spend(args.trigger_id);
    if (viewId === undefined) throw new SlackError('invalid_trigger_id');
    return { view: pushView(slack, user, draft) };
  }),
  defineMethod(
    'views.update',
    { tier: 4 },
    z.object({ view, view_id: word.optional(), external_id: word.optional(), hash: word.optional() }),
    (slack, args) => {
      const found = findView(slack, args);
      if (args.hash !== undefined && args.hash !== found.hash) throw new SlackError('hash_conflict');
      requireType(args.view as ViewDraft, found.type);
      checkView(args.view as ViewDraft);
      return { view: updateView(slack, found, args.view as ViewDraft) };
    },
  ),
  defineMethod(
    'views.publish',
    { tier: 4 },
    z.object({ user_id: word, view, hash: word.optional() }),
    (slack, args) => {
      const user = person(slack, args.user_id);
      requireType(args.view as ViewDraft, 'home');
      const old = slack.world.homes.get(user.id);
      if (args.hash !== undefined && old && args.hash !== old.hash) throw new SlackError('hash_conflict');
      checkView(args.view as ViewDraft);
      return { view: publishHome(slack, user.id, args.view as ViewDraft) };
    },
  ),
];

/** A modal stays a modal, App Home stays App Home. */
export function requireType(draft: ViewDraft, type: View['type']): void {
  if (draft.type !== type)
    throw invalid('invalid_arguments', [`[ERROR] must be ${type} [json-pointer:/view/type]`]);
}

/** A new view, whose external id nobody else has. */
export function checkedView(slack: Slack, given: z.infer<typeof viewShape>): ViewDraft {
  const draft = given as ViewDraft;
  requireType(draft, 'modal');
  checkView(draft);
  const { external_id } = draft;
  const taken = [...slack.world.views.values()].some((one) => one.external_id === external_id);
  if (external_id !== undefined && external_id !== '' && taken) throw new SlackError('duplicate_external_id');
  return draft;
}

function findView(
  slack: Slack,
  args: { view_id?: string | undefined; external_id?: string | undefined },
): View {
  const { views } = slack.world;
  const found =
    args.view_id === undefined
      ? [...views.values()].find((one) => one.external_id === args.external_id)
      : views.get(args.view_id);
  if (!found) throw new SlackError('not_found');
  return found;
}
