/** The form for an escalation: which team, and why. */
import type { ModalView } from '@slack/types';
import { form, selectField, textField } from './form-fields.ts';

export const ESCALATE_FORM = 'escalate';
export const ESCALATE_FIELDS = { team: 'team', reason: 'reason' } as const;

/** There has to be a team. */
export const escalateModal = (
  incident: number,
  teams: readonly string[],
  usual: string | undefined,
): ModalView =>
  form({
    id: ESCALATE_FORM,
    title: 'Escalate',
    submit: 'Page',
    about: { incident },
    blocks: [
      selectField(
        ESCALATE_FIELDS.team,
        'Whom?',
        teams.map((team) => ({ value: team, text: team })),
        usual ?? teams[0],
        'Who is on call is paged; without an answer the next level is.',
      ),
      textField({
        id: ESCALATE_FIELDS.reason,
        label: 'Why?',
        hint: 'It is in the page: what they are needed for.',
        placeholder: 'the order_status table is broken',
        longest: 500,
        optional: true,
      }),
    ],
  });
