/** What can be done with a message: react, reply, pin, the app's shortcuts, and one's own edits. */
import { type ReactNode, useState } from 'react';
import { usePage } from '../context.tsx';
import { emojiOf, PICKED } from '../emoji.ts';
import { Icon } from '../icons.tsx';
import type { Channel, Message } from '../model.ts';
import { Popover } from '../popover.tsx';
import { post, remove, type Seen } from '../slack.ts';
import { useReact } from './reactions.tsx';

export function MessageMenu(props: {
  readonly channel: Channel;
  readonly message: Message;
  readonly isMine: boolean;
  readonly onThread?: (ts: string) => void;
  readonly onEdit: () => void;
}): ReactNode {
  const { viewer, story, act } = usePage();
  const { channel, message, isMine, onThread } = props;
  const react = useReact(channel, message);
  const { ts } = message;
  const mine = { user: viewer.name, channel: channel.id, ts };
  const isPinned = channel.pins.some((pin) => pin.ts === ts);
  const shortcuts = story?.shortcuts.filter(({ type }) => type === 'message') ?? [];
  const items: readonly (readonly [label: string, run: () => unknown])[] = [
    ...(onThread ? [['Reply in thread', () => onThread(message.thread_ts ?? ts)] as const] : []),
    isPinned
      ? ['Unpin', () => act(remove('pins', mine))]
      : ['Pin to this channel', () => act(post('pins', mine))],
    ...shortcuts.map(
      ({ name, callback_id }) =>
        [name, () => act(post<Seen>('shortcuts', { ...mine, callback_id }))] as const,
    ),
    ...(isMine
      ? ([
          ['Edit', props.onEdit],
          ['Delete', () => act(remove(`messages/${channel.id}/${ts}`, { user: viewer.name }))],
        ] as const)
      : []),
  ];
  return (
    <div className="message-menu">
      <Popover label="Add a reaction" icon={<Icon name="smile" />} className="react">
        {(close) => (
          <Picker
            onPick={(name) => {
              close();
              void react(name);
            }}
          />
        )}
      </Popover>
      {onThread && (
        <button
          type="button"
          className="icon reply"
          aria-label="Reply in thread"
          title="Reply in thread"
          onClick={() => onThread(message.thread_ts ?? ts)}
        >
          <Icon name="reply" />
        </button>
      )}
      <Popover label="More for this message" icon={<Icon name="dots" />} className="more">
        {(close) => (
          <>
            {items.map(([label, run]) => (
              <button
                key={label}
                type="button"
                className="menu-item"
                onClick={() => {
                  close();
                  void run();
                }}
              >
                {label}
              </button>
            ))}
          </>
        )}
      </Popover>
    </div>
  );
}

function Picker({ onPick }: { readonly onPick: (name: string) => void }): ReactNode {
  const [name, setName] = useState('');
  return (
    <div className="picker">
      <div className="picker-grid">
        {PICKED.map((each) => (
          <button
            key={each}
            type="button"
            className="icon"
            aria-label={each}
            title={`:${each}:`}
            onClick={() => onPick(each)}
          >
            {emojiOf(each)}
          </button>
        ))}
      </div>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== '') onPick(name.trim().replaceAll(':', ''));
        }}
      >
        <input
          className="input"
          aria-label="Another emoji, by name"
          placeholder="another, by name"
          value={name}
          onChange={({ target }) => setName(target.value)}
        />
      </form>
    </div>
  );
}
