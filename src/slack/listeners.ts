/** What Slack sends, each heard by three lines: call, render, answer. */
import type { App as Bolt, SlackShortcut } from '@slack/bolt';
import type { WebClient } from '@slack/web-api';
import type { App, Directory } from '../app/app.ts';
import type { Form, Reply } from '../app/command.ts';
import type { Dispatch } from '../app/dispatch.ts';
import type { Logger } from '../log.ts';
import { privately } from './answer.ts';
import { onAdd, onMessage, onPin, onReaction } from './capture.ts';
import { actOnClick, type Click } from './clicks.ts';
import type { WhoAmI } from './client.ts';
import { onArchived, onJoined } from './events.ts';
import { onHomeOpened, publishHome } from './home.ts';
import { type Body, senderOf } from './inbound.ts';
import { SHORTCUT } from './manifest.ts';
import { onMention } from './mentions.ts';
import { openForm, submitForm } from './modals.ts';
import { createIntroductions } from './people.ts';
import { declareFromMessage } from './shortcut-message.ts';
import { withOffers } from './views/offers.ts';
import { clip, mrkdwn } from './views/text.ts';

export interface ListenParts {
  readonly client: WebClient;
  readonly identity: WhoAmI;
  /** `/incident` */
  readonly command: string;
  readonly app: App;
  readonly dispatch: Dispatch;
  readonly directory: Directory;
  readonly log: Logger;
  readonly now: () => Date;
}

type Ack = (payload?: unknown) => Promise<void>;

/** Registers everything that the bot hears: one listener for each kind, since Bolt runs all of them for each delivery. */
export function listen(bolt: Bolt, parts: ListenParts): void {
  const introduce = createIntroductions(parts.app, parts.log);
  bolt.use(async ({ body, next }) => {
    introduce(body as unknown as Body);
    await next();
  });
  hearWords(bolt, parts);
  hearClicks(bolt, parts);
  bolt.event(/./, async ({ event, context }) => EVENT_LISTENERS[event.type]?.(event, origin(context), parts));
}

function hearWords(bolt: Bolt, parts: ListenParts): void {
  bolt.command(/./, async ({ ack, command: typed, context }) => {
    const { inboxKey, receivedAt } = origin(context);
    const line = { text: typed.text, actor: typed.user_id, channelId: typed.channel_id, receivedAt };
    const reply = await parts.dispatch({ ...line, ...(inboxKey ? { inboxKey } : {}) });
    const opened = await opens(reply, { id: typed.trigger_id, receivedAt }, parts);
    await ack(opened ? undefined : shown(reply));
  });
  bolt.shortcut(/./, async ({ ack, shortcut, context }) => {
    const told = await SHORTCUT_LISTENERS[shortcut.callback_id]?.(shortcut, origin(context), parts);
    await (ack as Ack)(told === undefined ? undefined : privately(told));
  });
}

/** Answers with what there is to say. */
type OnShortcut = (asked: SlackShortcut, from: Origin, parts: ListenParts) => Promise<string | undefined>;

const SHORTCUT_LISTENERS: Readonly<Record<string, OnShortcut>> = {
  async [SHORTCUT.declare](asked, { receivedAt }, parts) {
    await openForm(declareForm(parts), { id: asked.trigger_id, receivedAt }, parts);
    return undefined;
  },
  async [SHORTCUT.declareFromMessage](asked, { receivedAt }, parts) {
    const form = declareFromMessage(asked, declareForm(parts));
    const opened = await openForm(form, { id: asked.trigger_id, receivedAt }, parts);
    return opened ? undefined : unopened(parts);
  },
  [SHORTCUT.addToTimeline]: onAdd,
} satisfies Record<(typeof SHORTCUT)[keyof typeof SHORTCUT], OnShortcut>;

function hearClicks(bolt: Bolt, parts: ListenParts): void {
  bolt.view(/./, async ({ ack, body, view, context }) => {
    const { callback_id: callbackId, state, private_metadata: about } = view;
    const errors = await submitForm(
      { callbackId, values: state.values, about, by: body.user.id, ...origin(context) },
      parts,
    );
    await ack(errors ? { response_action: 'errors', errors } : undefined);
  });
  bolt.action(/.*/, async ({ ack, body, action, context }) => {
    const click = clickOf(body as unknown as Body, action as unknown as Body, origin(context));
    const reply = await actOnClick(click, parts);
    const trigger = { id: String((body as unknown as Body)['trigger_id']), receivedAt: click.receivedAt };
    const opened = reply !== undefined && (await opens(reply, trigger, parts));
    const answer = opened ? undefined : reply;
    if (click.channelId === undefined) {
      await publishHome(click.by, parts, answer);
      return ack();
    }
    // Ours, which sends the text by response_url: Slack takes none in the ack of a click.
    await (ack as Ack)(answer && shown(answer));
  });
}

/** By the event's type. */
export const EVENT_LISTENERS: Readonly<
  Record<string, (event: unknown, from: Origin, parts: ListenParts) => Promise<void>>
> = {
  app_mention: onMention,
  message: onMessage,
  reaction_added: (event, ...rest) => onReaction(event, true, ...rest),
  reaction_removed: (event, ...rest) => onReaction(event, false, ...rest),
  pin_added: (event, ...rest) => onPin(event, true, ...rest),
  pin_removed: (event, ...rest) => onPin(event, false, ...rest),
  member_joined_channel: onJoined,
  channel_archive: (event, ...rest) => onArchived(event, true, ...rest),
  group_archive: (event, ...rest) => onArchived(event, true, ...rest),
  channel_unarchive: (event, ...rest) => onArchived(event, false, ...rest),
  group_unarchive: (event, ...rest) => onArchived(event, false, ...rest),
  app_home_opened: (event, _from, parts) => onHomeOpened(event, parts),
};

const unopened = ({ command }: ListenParts): string =>
  `:no_entry: Slack did not open the form. Type it: \`${command} declare <what is wrong>\``;

const declareForm = ({ app }: ListenParts): Extract<Form, { kind: 'declare' }> => {
  const { severities } = app.settings;
  return { kind: 'declare', severity: severities[Math.floor((severities.length - 1) / 2)]?.name ?? '' };
};

/** True when a form was opened that says the same as the reply; one that only asks for more leaves the reply to be shown. */
async function opens(
  { form }: Reply,
  trigger: { readonly id: string; readonly receivedAt: Date },
  parts: ListenParts,
): Promise<boolean> {
  return form !== undefined && (await openForm(form, trigger, parts)) && form.kind !== 'wrap-up';
}

const LONGEST = 39_000;
const WITH_BUTTONS = 2900;

/** What one person alone sees; with buttons for what they may want to say next. */
function shown({ text, offers = [] }: Reply) {
  if (offers.length === 0 || text.length > WITH_BUTTONS) return privately(text);
  const { blocks } = withOffers(mrkdwn(text), offers);
  return { ...privately(clip(text, LONGEST)), ...(blocks ? { blocks: [...blocks] } : {}) };
}

function clickOf(body: Body, action: Body, from: Origin): Click {
  const channel = body['channel'] as { readonly id?: string } | undefined;
  return {
    ...from,
    actionId: String(action['action_id']),
    value: typeof action['value'] === 'string' ? action['value'] : undefined,
    by: senderOf(body)?.id ?? 'unknown',
    channelId: channel?.id,
  };
}

export interface Origin {
  readonly inboxKey: string | undefined;
  readonly receivedAt: Date;
}

/** What the inbox receiver put into Bolt's context. */
const origin = (context: Readonly<Record<string, unknown>>): Origin => ({
  inboxKey: context['inboxKey'] as string | undefined,
  receivedAt: context['receivedAt'] as Date,
});
