/** What stands in the place of a form that was sent and cannot be answered otherwise. */
import type { ModalView } from '@slack/types';

export const toldModal = (text: string): ModalView => ({
  type: 'modal',
  title: { type: 'plain_text', text: 'Firebreak' },
  close: { type: 'plain_text', text: 'Close' },
  blocks: [{ type: 'section', text: { type: 'mrkdwn', text } }],
});
