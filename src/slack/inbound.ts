/** What Slack's bodies are: their kind, the key that all copies of one delivery share, and who sent them. */
import { z } from 'zod';

export type Body = Readonly<Record<string, unknown>>;

export interface Arrival {
  readonly kind: 'event' | 'command' | 'click' | 'form' | 'shortcut' | 'closed' | 'question' | 'other';
  /** Absent for what needs no row: it is only read and answered. */
  readonly key: string | undefined;
}

/** Names a delivery. A form's view id and hash are never its key: a corrected form may repeat them. */
export function identify(body: Body): Arrival {
  const eventId = text(body['event_id']);
  const trigger = text(body['trigger_id']);
  if (eventId !== undefined) return { kind: 'event', key: `event:${eventId}` };
  if (body['command'] !== undefined) return { kind: 'command', key: keyed('command', trigger) };
  const type = text(body['type']) ?? 'other';
  switch (type) {
    case 'block_actions':
      return { kind: 'click', key: keyed(type, trigger) };
    case 'view_submission':
      return { kind: 'form', key: keyed(type, trigger) };
    case 'shortcut':
    case 'message_action':
      return { kind: 'shortcut', key: keyed(type, trigger) };
    case 'view_closed':
      return { kind: 'closed', key: keyed(type, text((body['view'] as Body | undefined)?.['id'])) };
    case 'block_suggestion':
      return { kind: 'question', key: undefined };
    default:
      return { kind: 'other', key: keyed(type, trigger) };
  }
}

/** Where an answer can still be sent once the ack is gone. */
export const responseUrl = (body: Body): string | undefined => text(body['response_url']);

/** The event, when it is a mention: that is a typed line too. */
export function mentionIn(body: Body): Body | undefined {
  const event = body['event'] as Body | undefined;
  return event?.['type'] === 'app_mention' ? event : undefined;
}

/** What follows the mention in its text. */
export const mentionedLine = (text: string): string =>
  text.replace(/^\s*<@[UW][A-Z0-9]+(?:\|[^>]*)?>[\s:,]*/, '');

const sender = z.union([
  z.object({ user_id: z.string(), user_name: z.string().optional() }).transform((command) => ({
    id: command.user_id,
    name: command.user_name,
  })),
  z
    .object({
      user: z.object({ id: z.string(), username: z.string().optional(), name: z.string().optional() }),
    })
    .transform(({ user }) => ({ id: user.id, name: user.username ?? user.name })),
]);

/** The person behind a command, click or form. */
export function senderOf(body: Body): { readonly id: string; readonly name: string | undefined } | undefined {
  const parsed = sender.safeParse(body);
  return parsed.success ? parsed.data : undefined;
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

const keyed = (type: string, id: string | undefined): string | undefined =>
  id === undefined ? undefined : `${type}:${id}`;
