/** The form that declares an incident: for whoever types no title, or comes by a shortcut. */
import type { ModalView } from '@slack/types';
import type { Severity } from '../../domain/incident.ts';
import type { Policy } from '../../domain/policy.ts';
import { form, selectField, textField, tickField } from './form-fields.ts';

export const DECLARE_FORM = 'declare';

export const DECLARE_FIELDS = { title: 'title', severity: 'severity', options: 'options' } as const;

/** The message it was opened on. */
export interface DeclareSource {
  readonly channel: string;
  readonly ts: string;
  readonly user?: string;
  readonly text: string;
}

const TITLE = 200;
/** What is given back has to fit into 3,000 characters of JSON. */
const KEPT = 1500;

export const declareModal = (severity: Severity, policy: Policy, source?: DeclareSource): ModalView =>
  form({
    id: DECLARE_FORM,
    title: 'Declare an incident',
    submit: 'Declare',
    blocks: [
      textField({
        id: DECLARE_FIELDS.title,
        label: 'What is wrong?',
        hint: 'A few words: they name the channel, and stand above everything.',
        placeholder: 'order status page is down',
        longest: TITLE,
        focus: true,
        ...(source === undefined ? {} : { initial: firstLine(source.text) }),
      }),
      selectField(
        DECLARE_FIELDS.severity,
        'How bad is it?',
        policy.severities.map(({ name, meaning }) => ({ value: name, text: `${name}: ${meaning}` })),
        severity,
        'It can be changed at any time. Unsure? Take the worse.',
      ),
      tickField(DECLARE_FIELDS.options, 'More', [
        { value: 'private', text: 'Private: only who is invited sees it' },
        { value: 'drill', text: 'Drill: nothing is wrong, and no figure counts it' },
        { value: 'anyway', text: 'Open it though a similar one is open' },
      ]),
    ],
    ...(source === undefined ? {} : { about: { ...source, text: source.text.slice(0, KEPT) } }),
  });

/** What a title may be made of; people change it. */
const firstLine = (text: string): string =>
  (text.split('\n').find((line) => line.trim() !== '') ?? '').replace(/[<>]/g, ' ').trim().slice(0, TITLE);
