/** Fields of forms: each block id is its action id too. */
import type { InputBlock, ModalView } from '@slack/types';

/** Slack's limit for the text of an option. */
const OPTION = 75;

export interface FormWish {
  readonly id: string;
  readonly title: string;
  readonly submit: string;
  readonly close?: string;
  readonly blocks: ModalView['blocks'];
  /** Given back with the submission, as JSON; at most 3,000 characters. */
  readonly about?: unknown;
}

export const form = ({ id, title, submit, close = 'Cancel', blocks, about }: FormWish): ModalView => ({
  type: 'modal',
  callback_id: id,
  title: { type: 'plain_text', text: title },
  submit: { type: 'plain_text', text: submit },
  close: { type: 'plain_text', text: close },
  blocks,
  ...(about === undefined ? {} : { private_metadata: JSON.stringify(about) }),
});

export interface TextWish {
  readonly id: string;
  readonly label: string;
  readonly hint?: string;
  readonly placeholder?: string;
  readonly initial?: string;
  readonly longest: number;
  readonly multiline?: boolean;
  readonly optional?: boolean;
  readonly focus?: boolean;
}

export const textField = (wish: TextWish): InputBlock => ({
  type: 'input',
  block_id: wish.id,
  label: { type: 'plain_text', text: wish.label },
  ...(wish.hint ? { hint: { type: 'plain_text', text: wish.hint } } : {}),
  ...(wish.optional ? { optional: true } : {}),
  element: {
    type: 'plain_text_input',
    action_id: wish.id,
    max_length: wish.longest,
    ...(wish.multiline ? { multiline: true } : {}),
    ...(wish.focus ? { focus_on_load: true } : {}),
    ...(wish.initial ? { initial_value: wish.initial.slice(0, wish.longest) } : {}),
    ...(wish.placeholder ? { placeholder: { type: 'plain_text', text: wish.placeholder } } : {}),
  },
});

export interface Choice {
  readonly value: string;
  readonly text: string;
}

/** At most 100 choices. */
export const selectField = (
  id: string,
  label: string,
  choices: readonly Choice[],
  initial?: string,
  hint?: string,
  optional = false,
): InputBlock => {
  const options = choices.slice(0, 100).map(option);
  const chosen = options.find(({ value }) => value === initial);
  return {
    type: 'input',
    block_id: id,
    label: { type: 'plain_text', text: label },
    ...(hint ? { hint: { type: 'plain_text', text: hint } } : {}),
    ...(optional ? { optional } : {}),
    element: {
      type: 'static_select',
      action_id: id,
      options,
      ...(chosen ? { initial_option: chosen } : {}),
    },
  };
};

/** Somebody of the workspace. */
export const userField = (
  id: string,
  label: string,
  { initial, hint, optional = false }: Pick<TextWish, 'initial' | 'hint' | 'optional'>,
): InputBlock => ({
  type: 'input',
  block_id: id,
  label: { type: 'plain_text', text: label },
  ...(hint ? { hint: { type: 'plain_text', text: hint } } : {}),
  ...(optional ? { optional } : {}),
  element: { type: 'users_select', action_id: id, ...(initial ? { initial_user: initial } : {}) },
});

/** A menu of which any number may be chosen; at most 100 choices, and at least one. */
export const multiSelectField = (
  id: string,
  label: string,
  choices: readonly Choice[],
  initial: readonly string[] = [],
): InputBlock => {
  const options = choices.slice(0, 100).map(option);
  const chosen = options.filter(({ value }) => initial.includes(value));
  return {
    type: 'input',
    block_id: id,
    optional: true,
    label: { type: 'plain_text', text: label },
    element: {
      type: 'multi_static_select',
      action_id: id,
      options,
      // Slack refuses an empty list.
      ...(chosen.length > 0 ? { initial_options: chosen } : {}),
    },
  };
};

/** Boxes of which any number may be ticked. */
export const tickField = (id: string, label: string, choices: readonly Choice[]): InputBlock => ({
  type: 'input',
  block_id: id,
  optional: true,
  label: { type: 'plain_text', text: label },
  element: { type: 'checkboxes', action_id: id, options: choices.map(option) },
});

const option = ({ value, text }: Choice) => ({
  text: { type: 'plain_text' as const, text: text.slice(0, OPTION) },
  value,
});
