/** The menu behind three dots. */
import type { ReactNode } from 'react';
import { Icon } from '../icons.tsx';
import type { Element } from '../model.ts';
import { Popover } from '../popover.tsx';
import { type Act, withEmoji } from './button.tsx';
import { optionsOf } from './values.ts';

export function OverflowMenu({
  element,
  onAct,
}: {
  readonly element: Element;
  readonly onAct: Act;
}): ReactNode {
  return (
    <Popover label="More actions" icon={<Icon name="dots" />}>
      {(close) =>
        optionsOf(element).map(({ value, text }) => (
          <button
            key={value}
            type="button"
            className="menu-item"
            onClick={() => {
              close();
              void onAct(element, value);
            }}
          >
            {withEmoji(text.text)}
          </button>
        ))
      }
    </Popover>
  );
}
