/** The people of the story: they type, press buttons and read, through the local Slack's control surface only. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

const Message = z.object({
  ts: z.string(),
  text: z.string().default(''),
  blocks: z.array(z.unknown()).default([]),
});
const Channel = z.object({
  id: z.string(),
  name: z.string(),
  messages: z.array(Message),
  files: z.array(z.object({ name: z.string(), content: z.string().optional() })),
});
const User = z.object({ id: z.string(), name: z.string() });
const State = z.object({ users: z.array(User), channels: z.array(Channel) });
const Answer = z.object({ responses: z.array(z.object({ kind: z.string(), text: z.string().optional() })) });

export type SlackState = z.infer<typeof State>;
export type SlackMessage = z.infer<typeof Message>;

export interface Button {
  readonly channel: string;
  readonly ts: string;
  readonly actionId: string;
  readonly value: string;
  readonly label: string;
}

export interface Actors {
  /** Types a line; answers what the bot said to that person. */
  type(user: string, channel: string, line: string): Promise<string>;
  press(user: string, button: Button): Promise<string>;
  state(): Promise<SlackState>;
  /** Looks again until `find` sees something; throws after 45 s or `seconds`, saying what was waited for. */
  until<T>(
    what: string,
    find: (state: SlackState) => T | undefined,
    patience?: { readonly seconds?: number; readonly every?: number },
  ): Promise<T>;
}

/** Whoever waits stops waiting when `signal` fires. */
export function actorsOf(slackUrl: string, signal?: AbortSignal): Actors {
  const call = async (path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${slackUrl}/sandbox/${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    if (!response.ok)
      throw new Error(`the local Slack answered ${response.status} to ${path}: ${await response.text()}`);
    return response.json();
  };
  const state = async (): Promise<SlackState> => State.parse(await call('state'));
  const said = (answer: unknown): string =>
    Answer.parse(answer)
      .responses.flatMap(({ kind, text }) => (kind !== 'message' && text ? [text] : []))
      .join('\n');
  return {
    state,
    type: async (user, channel, line) => said(await call('commands', { user, channel, text: line })),
    press: async (user, { channel, ts, actionId, value }) =>
      said(await call('actions', { user, channel, ts, action_id: actionId, value })),
    async until(what, find, { seconds = 45, every = 150 } = {}) {
      for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; await pause(every, signal)) {
        const found = find(await state());
        if (found !== undefined) return found;
      }
      throw new Error(`waited ${seconds} s for ${what}, in vain`);
    },
  };
}

/** Buttons of a channel's messages, newest message first. */
export function buttonsIn(state: SlackState, channelName: (name: string) => boolean): readonly Button[] {
  return state.channels
    .filter(({ name }) => channelName(name))
    .flatMap((channel) =>
      [...channel.messages]
        .sort((a, b) => Number(b.ts) - Number(a.ts))
        .flatMap((message) => buttonsOf(channel.id, message)),
    );
}

export const pause = (ms: number, signal?: AbortSignal): Promise<unknown> =>
  sleep(ms, undefined, signal ? { signal } : {});

/** All that a message shows, as plain lines; a label stands in the line of its text. */
export function linesOf(message: SlackMessage): readonly string[] {
  const texts = message.blocks.flatMap(textsIn);
  return (texts.length > 0 ? texts : [message.text])
    .map((text) => text.replace(/^\*([^*\n]+)\*\n(?!•)/, '$1: '))
    .flatMap((text) => text.split('\n'))
    .filter((line) => line.trim() !== '');
}

const Element = z.object({
  type: z.literal('button'),
  action_id: z.string(),
  value: z.string().default(''),
  text: z.object({ text: z.string() }),
});

/** Buttons stand in rows, or beside a section. */
const Holder = z.object({ elements: z.array(z.unknown()).default([]), accessory: z.unknown().optional() });

function buttonsOf(channel: string, { ts, blocks }: SlackMessage): readonly Button[] {
  const holders = blocks.flatMap((block) => Holder.safeParse(block).data ?? []);
  return holders
    .flatMap(({ elements, accessory }) => [...elements, accessory])
    .flatMap((element) => {
      const { data } = Element.safeParse(element);
      if (!data) return [];
      return [{ channel, ts, actionId: data.action_id, value: data.value, label: data.text.text }];
    });
}

/** Text objects anywhere in a block but in buttons and their confirmations. */
function textsIn(block: unknown): readonly string[] {
  if (typeof block !== 'object' || block === null) return [];
  if ('type' in block && block.type === 'button') return [];
  if ('type' in block && (block.type === 'mrkdwn' || block.type === 'plain_text') && 'text' in block)
    return [String(block.text)];
  return Object.values(block).flatMap((value) =>
    Array.isArray(value) ? value.flatMap(textsIn) : textsIn(value),
  );
}
