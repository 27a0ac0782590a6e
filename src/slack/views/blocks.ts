/** Blocks within Slack's limits: what is too long is cut, and said to be, since Slack refuses the whole message. */
import type { ActionsBlock, Button, ContextBlock, HeaderBlock, KnownBlock, SectionBlock } from '@slack/types';
import { clip } from './text.ts';

/** A message: the blocks, and the text for notifications and screen readers. */
export interface View {
  readonly text: string;
  readonly blocks?: readonly KnownBlock[];
}

const BLOCKS = 50;
const HEADER = 150;
const SECTION = 3000;
const FIELD = 2000;
const FIELDS = 10;
const CONTEXT = 2000;
const VALUE = 2000;
const TEXT = 3900;
/** Slack was seen to refuse messages of about 13,000 characters, which is not documented. */
const CHARACTERS = 12_000;

/** A whole message; blocks beyond the limits are left out, with a note. */
export function view(text: string, blocks: readonly (KnownBlock | undefined)[]): View {
  const wanted = blocks.filter((block) => block !== undefined);
  let characters = 0;
  const fitting = wanted.findIndex((block, index) => {
    characters += JSON.stringify(block).length;
    return index >= BLOCKS || characters > CHARACTERS;
  });
  const shown =
    fitting < 0
      ? wanted
      : [...wanted.slice(0, Math.min(fitting, BLOCKS - 1)), context('… more, not shown here')];
  return { text: clip(text, TEXT), blocks: shown };
}

export const header = (text: string): HeaderBlock => ({
  type: 'header',
  text: { type: 'plain_text', text: clip(text, HEADER), emoji: true },
});

export const section = (text: string, accessory?: Button): SectionBlock => ({
  type: 'section',
  text: { type: 'mrkdwn', text: clip(text, SECTION) },
  ...(accessory ? { accessory } : {}),
});

/** Lines in as few sections as they need; no line is torn apart. */
export function lines(all: readonly string[]): readonly SectionBlock[] {
  const texts: string[] = [];
  for (const line of all) {
    const last = texts.at(-1);
    const joined = last === undefined ? undefined : `${last}\n${line}`;
    if (joined !== undefined && joined.length <= SECTION) texts[texts.length - 1] = joined;
    else texts.push(line);
  }
  return texts.map((text) => section(text));
}

/** Pairs of a label and its text, two in a row on a wide screen. */
export function fields(pairs: readonly (readonly [string, string])[]): SectionBlock | undefined {
  if (pairs.length === 0) return undefined;
  const shown = pairs.slice(0, FIELDS).map(([label, text]) => ({
    type: 'mrkdwn' as const,
    text: clip(`*${label}*\n${text}`, FIELD),
  }));
  return { type: 'section', fields: shown };
}

export const context = (text: string): ContextBlock => ({
  type: 'context',
  elements: [{ type: 'mrkdwn', text: clip(text, CONTEXT) }],
});

export interface ButtonWish {
  readonly text: string;
  readonly actionId: string;
  readonly value: Readonly<Record<string, unknown>>;
  readonly style?: 'primary' | 'danger';
  /** Asked before the click counts. */
  readonly confirm?: { readonly title: string; readonly text: string; readonly yes: string };
}

/** Undefined when its value does not fit: a cut value would mean something else. */
export function button({ text, actionId, value, style, confirm }: ButtonWish): Button | undefined {
  const json = JSON.stringify(value);
  if (json.length > VALUE) return undefined;
  return {
    type: 'button',
    text: { type: 'plain_text', text: clip(text, 75), emoji: true },
    action_id: actionId,
    value: json,
    ...(style ? { style } : {}),
    ...(confirm ? { confirm: dialog(confirm, style) } : {}),
  };
}

/** Buttons in a row; each action id once. */
export function actions(buttons: readonly (Button | undefined)[]): ActionsBlock | undefined {
  const elements = buttons.filter((each) => each !== undefined);
  return elements.length === 0 ? undefined : { type: 'actions', elements };
}

const dialog = (
  { title, text, yes }: NonNullable<ButtonWish['confirm']>,
  style: ButtonWish['style'],
): NonNullable<Button['confirm']> => ({
  title: { type: 'plain_text', text: clip(title, 100) },
  text: { type: 'mrkdwn', text: clip(text, 300) },
  confirm: { type: 'plain_text', text: clip(yes, 30) },
  deny: { type: 'plain_text', text: 'Not now' },
  ...(style ? { style } : {}),
});
