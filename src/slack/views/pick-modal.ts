/** The form that picks what the export leaves out: menus of 100 entries each, the newest first. */
import type { ModalView } from '@slack/types';
import type { Row } from '../../domain/timeline.ts';
import { formatUtc } from '../../domain/when.ts';
import { form, multiSelectField } from './form-fields.ts';

export const PICK_FORM = 'pick';

/** Slack takes 100 options in a menu. A view has to stay below 250 kB: ten menus take a third of that. */
const MENU = 100;
const MENUS = 10;
const PAGE = MENU * MENUS;

export function pickModal(
  incident: number,
  rows: readonly Row[],
  leftOut: readonly number[],
  page: number,
): ModalView {
  const newest = rows.toSorted((a, b) => b.seq - a.seq);
  const pages = Math.max(1, Math.ceil(newest.length / PAGE));
  const shown = Math.min(Math.max(1, page), pages);
  const some = newest.slice((shown - 1) * PAGE, shown * PAGE);
  const chosen = leftOut.map(String);
  const menus = Array.from({ length: Math.ceil(some.length / MENU) }, (_, index) =>
    menu(some.slice(index * MENU, (index + 1) * MENU), chosen),
  );
  const more =
    pages > 1
      ? ` Page ${shown} of ${pages}: \`timeline pick page ${shown < pages ? shown + 1 : 1}\` shows others.`
      : '';
  return form({
    id: PICK_FORM,
    title: 'Entries for the export',
    submit: 'Save',
    about: { incident },
    blocks: [
      {
        type: 'section',
        text: {
          type: 'mrkdwn',
          text: `What you choose is *left out* of the export of incident ${incident}. It stays in the timeline.${more}`,
        },
      },
      ...menus,
    ],
  });
}

function menu(rows: readonly Row[], leftOut: readonly string[]) {
  const [from, to] = [rows.at(-1)?.seq ?? 0, rows[0]?.seq ?? 0];
  const choices = rows.map((row) => ({ value: String(row.seq), text: label(row) }));
  return multiSelectField(`out-${from}-${to}`, `Leave out of ${from} to ${to}`, choices, leftOut);
}

const label = ({ seq, at, text = 'erased' }: Row): string =>
  `${seq}: ${formatUtc(at).slice(11, 16)} ${text.replace(/\s+/g, ' ')}`;

/** The range of numbers that a menu of this id showed. */
export function pickedRange(
  id: string,
): { readonly id: string; readonly from: number; readonly to: number } | undefined {
  const [, from, to] = /^out-(\d+)-(\d+)$/.exec(id) ?? [];
  return from === undefined || to === undefined ? undefined : { id, from: Number(from), to: Number(to) };
}
