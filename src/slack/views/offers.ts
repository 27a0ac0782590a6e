/** Lines that somebody may want to say next, as buttons: a click says the line. */
import type { Offer } from '../../domain/refusal.ts';
import { actions, button, section, type View, view } from './blocks.ts';

/** The action ids of buttons that say a line; within one message each is used once. */
export const SAY = 'say:';

/** A row of them; undefined when there is none. `row` tells the rows of one message apart. */
export const offerButtons = (
  offers: readonly (Offer & { readonly style?: 'primary' | 'danger' })[],
  row = '',
) =>
  actions(
    offers.map(({ label, line, style }, index) =>
      button({ text: label, actionId: `${SAY}${row}${index}`, value: { line }, ...(style ? { style } : {}) }),
    ),
  );

/** A text with them. */
export const withOffers = (text: string, offers: readonly Offer[]): View =>
  view(text, [section(text), offerButtons(offers)]);
