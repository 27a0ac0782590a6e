/** The form after `resolve`: what only now is fresh. It can be closed; the incident is resolved already. */
import type { ModalView } from '@slack/types';
import { form, textField } from './form-fields.ts';

export const WRAP_UP_FORM = 'wrap-up';
export const WRAP_UP_FIELDS = { fix: 'fix', followUps: 'follow_ups' } as const;

export const wrapUpModal = (incident: number): ModalView =>
  form({
    id: WRAP_UP_FORM,
    title: 'Resolved',
    submit: 'Save',
    close: 'Skip',
    about: { incident },
    blocks: [
      textField({
        id: WRAP_UP_FIELDS.fix,
        label: 'What fixed it?',
        placeholder: 'The migration was rolled back, the rows repaired',
        longest: 2000,
        multiline: true,
        optional: true,
        focus: true,
      }),
      textField({
        id: WRAP_UP_FIELDS.followUps,
        label: 'What is left to do?',
        hint: 'One line becomes one action item; owner and day can follow with `action`.',
        placeholder: 'Test migrations on a copy of the data',
        longest: 3000,
        multiline: true,
        optional: true,
      }),
    ],
  });
