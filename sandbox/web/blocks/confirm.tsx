/** The question that an element may ask before it counts. */
import type { ReactNode } from 'react';
import { Dialog } from '../dialog.tsx';
import type { Confirm } from '../model.ts';
import { Mrkdwn } from './text.tsx';

export function ConfirmDialog(props: {
  readonly ask: Confirm;
  readonly onYes: () => void;
  readonly onNo: () => void;
}): ReactNode {
  const { title, text, confirm, deny, style = 'primary' } = props.ask;
  return (
    <Dialog label={title?.text ?? 'Are you sure?'} className="narrow" onClose={props.onNo}>
      <h2>{title?.text ?? 'Are you sure?'}</h2>
      <Mrkdwn text={text?.text ?? ''} />
      <div className="dialog-buttons">
        <button type="button" className="button" onClick={props.onNo}>
          {deny?.text ?? 'Cancel'}
        </button>
        <button type="button" className={`button ${style}`} onClick={props.onYes}>
          {confirm?.text ?? 'Yes'}
        </button>
      </div>
    </Dialog>
  );
}
