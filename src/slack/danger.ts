/** What must not happen later than it was asked for. */
import type { Dispatch } from '../app/dispatch.ts';
import type { Delivered } from '../store/inbox.ts';
import { isDangerousClick, lineOf } from './clicks.ts';
import { type Body, mentionedLine, mentionIn } from './inbound.ts';
import { SHORTCUT } from './manifest.ts';
import { isDangerousForm } from './modals.ts';

export type Asked = Pick<Delivered, 'kind' | 'payload'>;

/** Whether it leads to a change in a database: an old one is not replayed. */
export function isDangerous({ kind, payload }: Asked, dispatch: Pick<Dispatch, 'isDangerous'>): boolean {
  if (kind === 'command') return dispatch.isDangerous(String(payload['text']));
  if (kind === 'form') return isDangerousForm(String((payload['view'] as Body | undefined)?.['callback_id']));
  const mention = mentionIn(payload);
  if (mention) return dispatch.isDangerous(mentionedLine(String(mention['text'])));
  const actions = (payload['actions'] ?? []) as readonly Body[];
  return actions.some(({ action_id: id, value }) => {
    const line = lineOf(String(id), typeof value === 'string' ? value : undefined);
    return line === undefined ? isDangerousClick(String(id)) : dispatch.isDangerous(line);
  });
}

/** Whether it makes sense later: a form that opens unasked does not, and what is dangerous must not. */
export const canWait = (asked: Asked, dispatch: Pick<Dispatch, 'isDangerous'>): boolean =>
  !isDangerous(asked, dispatch) &&
  (asked.kind !== 'shortcut' || asked.payload['callback_id'] === SHORTCUT.addToTimeline);
