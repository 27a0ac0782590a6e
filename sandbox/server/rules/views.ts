/** Slack's limits on modals and App Home. */

import type { ViewDraft } from '../acts/views.ts';
import type { Block } from '../model.ts';
import { invalid, SlackError } from '../refusal.ts';
import { blockFaults, text, tooLong } from './blocks.ts';

const MAX_BYTES = 250_000;
const MAX_BLOCKS = 100;

export function checkView(view: ViewDraft): void {
  if (Buffer.byteLength(JSON.stringify(view)) > MAX_BYTES) throw new SlackError('view_too_large');
  const faults = [
    ...blockFaults(view.blocks, MAX_BLOCKS, '/view/blocks'),
    ...tooLong(view.private_metadata, 3000, '/view/private_metadata'),
    ...tooLong(view.callback_id, 255, '/view/callback_id'),
    ...tooLong(view.external_id, 255, '/view/external_id'),
    ...(view.type === 'modal' ? modalFaults(view) : []),
  ];
  if (faults.length > 0) throw invalid('invalid_arguments', faults);
}

function modalFaults(view: ViewDraft): string[] {
  const labels = (['submit', 'close'] as const).flatMap((field) =>
    view[field] ? text(view[field], 24, `/view/${field}`, 'plain_text') : [],
  );
  const unsendable = view.blocks.some((block: Block) => block.type === 'input') && !view.submit;
  return [
    ...text(view.title, 24, '/view/title', 'plain_text'),
    ...labels,
    ...(unsendable ? ['[ERROR] missing required field: submit [json-pointer:/view]'] : []),
  ];
}
