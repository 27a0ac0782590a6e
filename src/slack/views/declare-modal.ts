/** The form that declares an incident: for whoever types no title, or comes by a shortcut. */
import type { ModalView } from '@slack/types';
import type { Severity } from '../../domain/incident.ts';
import type { Policy } from '../../domain/policy.ts';
import { form, selectField, textField, tickField } from './form-fields.ts';
import { clip } from './text.ts';

export const DECLARE_FORM = 'declare';

/** To be ticked when one like it is open. */
export const ANYWAY = 'Open it though a similar one is open';

export const DECLARE_FIELDS = { title: 'title', severity: 'severity', options: 'options' } as const;

/** The message it was opened on. */
export interface DeclareSource {
  readonly channel: string;
  readonly ts: string;
  readonly user?: string;
  readonly text: string;
}

const TITLE = 200;
/** Slack's limit for what is given back, as JSON. */
const KEPT = 3000;

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
        { value: 'anyway', text: ANYWAY },
      ]),
    ],
    ...(source === undefined ? {} : { about: fitting(source) }),
  });

/** Quotes and line breaks take more room in JSON than in the text; half a character takes six. */
function fitting(source: DeclareSource): DeclareSource {
  let { text } = source;
  for (;;) {
    const over = JSON.stringify({ ...source, text }).length - KEPT;
    if (over <= 0) return { ...source, text };
    text = clip(text, Math.max(1, text.length - Math.ceil(over / 6)));
  }
}

/** What a title may be made of, as people read it; they change it. */
function firstLine(text: string): string {
  const line = text.split('\n').find((each) => each.trim() !== '') ?? '';
  const plain = line
    .replace(/<[^<>|]*\|([^<>]*)>/g, '$1')
    .replace(/[<>]/g, ' ')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&');
  return clip(plain.trim(), TITLE);
}
