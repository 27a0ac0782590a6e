/** The message shortcut "Declare from message": the form begins with the message, and the timeline too. */
import { z } from 'zod';
import type { Form } from '../app/command.ts';

const Shortcut = z.object({
  channel: z.object({ id: z.string() }),
  message: z.object({ ts: z.string(), text: z.string().default(''), user: z.string().optional() }),
});

/** The declare form, with the message it was opened on. */
export function declareFromMessage(payload: unknown, form: Extract<Form, { kind: 'declare' }>): Form {
  const { channel, message } = Shortcut.parse(payload);
  const { ts, text, user } = message;
  return { ...form, source: { channel: channel.id, ts, text, ...(user ? { user } : {}) } };
}
