/** The form for an update: what everybody reads next. */
import type { ModalView } from '@slack/types';
import { form, textField } from './form-fields.ts';

export const UPDATE_FORM = 'update';
export const UPDATE_FIELD = 'text';

export const updateModal = (incident: number, title: string): ModalView =>
  form({
    id: UPDATE_FORM,
    title: 'Update',
    submit: 'Post',
    about: { incident },
    blocks: [
      textField({
        id: UPDATE_FIELD,
        label: `How does incident ${incident} stand?`,
        hint: `${title.slice(0, 150)}. It goes to the channel, the announcement and the stakeholders; the next one is due anew.`,
        placeholder: 'We found the migration and are rolling it back',
        longest: 2000,
        multiline: true,
        focus: true,
      }),
    ],
  });
