/** The form for what only people can say in the postmortem: the parts of one section. */
import type { ModalView } from '@slack/types';
import { PART_LENGTH, PARTS, type PartName } from '../../domain/postmortem/parts.ts';
import { form, textField } from './form-fields.ts';

export const REPORT_FORM = 'report';

export interface ReportFormParts {
  readonly incident: number;
  readonly section: number;
  /** What is there now, by part. */
  readonly there: Readonly<Partial<Record<PartName, string>>>;
  /** What is there by a mark of it, to find out later whether it has changed. */
  readonly marks: Readonly<Partial<Record<PartName, string>>>;
}

/** Each field's id is the name of its part. */
export const reportModal = ({ incident, section, there, marks }: ReportFormParts): ModalView =>
  form({
    id: REPORT_FORM,
    title: `Postmortem, section ${section}`,
    submit: 'Save',
    about: { incident, section, marks },
    blocks: PARTS.filter((part) => part.section === section).map(({ name, title, about }, index) =>
      textField({
        id: name,
        label: title,
        hint: `In plain words: ${about}. One line becomes one item.`,
        longest: PART_LENGTH,
        multiline: true,
        optional: true,
        focus: index === 0,
        initial: there[name] ?? '',
      }),
    ),
  });
