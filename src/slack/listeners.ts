/** What Slack sends, each heard by three lines: call, render, answer. */
import type { App as Bolt } from '@slack/bolt';
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
import { publishHome } from './home.ts';
import { type Body, senderOf } from './inbound.ts';
import { SHORTCUT } from './manifest.ts';
import { onMention } from './mentions.ts';
import { FORMS, openForm, submitForm } from './modals.ts';
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

/** Registers everything that the bot hears. */
export function listen(bolt: Bolt, parts: ListenParts): void {
  const introduce = createIntroductions(parts.app, parts.log);
  bolt.use(async ({ body, next }) => {
    introduce(body as unknown as Body);
    await next();
  });
  hearWords(bolt, parts);
  hearClicks(bolt, parts);
  hearEvents(bolt, parts);
}

function hearWords(bolt: Bolt, parts: ListenParts): void {
  bolt.command(parts.command, async ({ ack, command: typed, context }) => {
    const { inboxKey, receivedAt } = origin(context);
    const line = { text: typed.text, actor: typed.user_id, channelId: typed.channel_id, receivedAt };
    const reply = await parts.dispatch({ ...line, ...(inboxKey ? { inboxKey } : {}) });
    const opened = await opens(reply, { id: typed.trigger_id, receivedAt }, parts);
    await ack(opened ? undefined : shown(reply));
  });
  bolt.shortcut(SHORTCUT.declare, async ({ ack, shortcut, context }) => {
    const { receivedAt } = origin(context);
    await openForm(declareForm(parts), { id: shortcut.trigger_id, receivedAt }, parts);
    await ack();
  });
  bolt.shortcut(SHORTCUT.declareFromMessage, async ({ ack, shortcut, context }) => {
    const { receivedAt } = origin(context);
    const form = declareFromMessage(shortcut, declareForm(parts));
    const opened = await openForm(form, { id: shortcut.trigger_id, receivedAt }, parts);
    await (ack as Ack)(opened ? undefined : privately(unopened(parts)));
  });
  bolt.shortcut(SHORTCUT.addToTimeline, async ({ ack, shortcut, context }) => {
    await (ack as Ack)(privately(await onAdd(shortcut, origin(context), parts)));
  });
}

function hearClicks(bolt: Bolt, parts: ListenParts): void {
  for (const callbackId of FORMS) {
    bolt.view(callbackId, async ({ ack, body, view, context }) => {
      const { state, private_metadata: about } = view;
      const errors = await submitForm(
        { callbackId, values: state.values, about, by: body.user.id, ...origin(context) },
        parts,
      );
      await ack(errors ? { response_action: 'errors', errors } : undefined);
    });
  }
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

function hearEvents(bolt: Bolt, parts: ListenParts): void {
  bolt.event('app_mention', ({ event, context }) => onMention(event, origin(context), parts));
  bolt.event('message', ({ event, context }) => onMessage(event, origin(context), parts));
  bolt.event('reaction_added', ({ event, context }) => onReaction(event, true, origin(context), parts));
  bolt.event('reaction_removed', ({ event, context }) => onReaction(event, false, origin(context), parts));
  bolt.event('pin_added', ({ event, context }) => onPin(event, true, origin(context), parts));
  bolt.event('pin_removed', ({ event, context }) => onPin(event, false, origin(context), parts));
  bolt.event('member_joined_channel', ({ event, context }) => onJoined(event, origin(context), parts));
  for (const archived of ['channel_archive', 'group_archive'] as const)
    bolt.event(archived, ({ event, context }) => onArchived(event, true, origin(context), parts));
  for (const back of ['channel_unarchive', 'group_unarchive'] as const)
    bolt.event(back, ({ event, context }) => onArchived(event, false, origin(context), parts));
  bolt.event('app_home_opened', async ({ event }) => {
    if (event.tab === 'home') await publishHome(event.user, parts);
  });
}

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
