/** The form that declares an incident: for whoever types no title, or comes by the shortcut. */
import type { ModalView } from '@slack/types';
import { SEVERITIES, SEVERITY_MEANINGS, type Severity } from '../../domain/incident.ts';

export const DECLARE_FORM = 'declare';

/** Block ids, which are the action ids too. */
export const DECLARE_FIELDS = { title: 'title', severity: 'severity' } as const;

/** Slack's limit for the text of an option. */
const OPTION = 75;

export const declareModal = (severity: Severity): ModalView => ({
  type: 'modal',
  callback_id: DECLARE_FORM,
  title: { type: 'plain_text', text: 'Declare an incident' },
  submit: { type: 'plain_text', text: 'Declare' },
  close: { type: 'plain_text', text: 'Cancel' },
  blocks: [
    {
      type: 'input',
      block_id: DECLARE_FIELDS.title,
      label: { type: 'plain_text', text: 'What is wrong?' },
      hint: { type: 'plain_text', text: 'A few words: they name the channel, and stand above everything.' },
      element: {
        type: 'plain_text_input',
        action_id: DECLARE_FIELDS.title,
        max_length: 200,
        focus_on_load: true,
        placeholder: { type: 'plain_text', text: 'order status page is down' },
      },
    },
    {
      type: 'input',
      block_id: DECLARE_FIELDS.severity,
      label: { type: 'plain_text', text: 'How bad is it?' },
      hint: { type: 'plain_text', text: 'It can be changed at any time.' },
      element: {
        type: 'static_select',
        action_id: DECLARE_FIELDS.severity,
        options: SEVERITIES.map(option),
        initial_option: option(severity),
      },
    },
  ],
});

const option = (severity: Severity) => ({
  text: {
    type: 'plain_text' as const,
    text: `${severity}: ${SEVERITY_MEANINGS[severity]}`.slice(0, OPTION),
  },
  value: severity,
});
