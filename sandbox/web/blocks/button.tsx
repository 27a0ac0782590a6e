/** A button of the app: asks if it has to, and cannot be pressed twice while the app works. */
import { type ReactNode, useState } from 'react';
import { emojiOf } from '../emoji.ts';
import type { Element } from '../model.ts';
import { ConfirmDialog } from './confirm.tsx';

/** Tells the app; settles when it has answered. */
export type Act = (element: Element, value?: unknown) => Promise<void>;

export function ActionButton({
  element,
  onAct,
}: {
  readonly element: Element;
  readonly onAct: Act;
}): ReactNode {
  const [doing, setDoing] = useState<'nothing' | 'asking' | 'acting'>('nothing');
  const press = async (): Promise<void> => {
    setDoing('acting');
    if (element.url !== undefined) open(element.url, '_blank', 'noreferrer');
    await onAct(element, element.value);
    setDoing('nothing');
  };
  return (
    <>
      <button
        type="button"
        className={`button ${element.style ?? ''}`}
        data-action-id={element.action_id}
        aria-label={element.accessibility_label}
        aria-busy={doing === 'acting'}
        disabled={doing === 'acting'}
        onClick={() => (element.confirm ? setDoing('asking') : void press())}
      >
        {withEmoji(element.text?.text ?? '')}
      </button>
      {doing === 'asking' && element.confirm && (
        <ConfirmDialog ask={element.confirm} onYes={() => void press()} onNo={() => setDoing('nothing')} />
      )}
    </>
  );
}

export const withEmoji = (text: string): string =>
  text.replace(/:([a-z0-9_+-]+):/g, (_, name: string) => emojiOf(name));
