/** What is pinned in a channel. */
import type { ReactNode } from 'react';
import { nameOf, usePage } from '../context.tsx';
import { Icon } from '../icons.tsx';
import type { Channel } from '../model.ts';
import { Popover } from '../popover.tsx';
import { TextLine } from './text-line.tsx';

export function Pins({ channel }: { readonly channel: Channel }): ReactNode {
  const { state, go } = usePage();
  const pinned = channel.pins.flatMap(
    ({ ts }) => channel.messages.find((message) => message.ts === ts) ?? [],
  );
  if (pinned.length === 0) return null;
  return (
    <Popover
      label={`${pinned.length} pinned`}
      icon={
        <>
          <Icon name="pin" /> {pinned.length}
        </>
      }
      className="pins"
    >
      {(close) =>
        pinned.map((message) => (
          <button
            key={message.ts}
            type="button"
            className="menu-item"
            onClick={() => {
              close();
              go(channel.id, message.ts);
            }}
          >
            <small>{nameOf(state, message.user)}</small>
            <span className="two-lines">
              <TextLine text={message.text} />
            </span>
          </button>
        ))
      }
    </Popover>
  );
}
