/** The reactions below a message; a click adds one's own or takes it back. */
import type { ReactNode } from 'react';
import { nameOf, usePage } from '../context.tsx';
import { emojiOf } from '../emoji.ts';
import type { Channel, Message } from '../model.ts';
import { post, remove } from '../slack.ts';

/** Adds a reaction, or takes one's own back. */
export function useReact(channel: Channel, message: Message): (name: string) => Promise<void> {
  const { viewer, act } = usePage();
  return async (name) => {
    const mine =
      message.reactions?.some((one) => one.name === name && one.users.includes(viewer.id)) ?? false;
    const wish = { user: viewer.name, channel: channel.id, ts: message.ts, name };
    await act(mine ? remove('reactions', wish) : post('reactions', wish));
  };
}

export function Reactions({
  channel,
  message,
}: {
  readonly channel: Channel;
  readonly message: Message;
}): ReactNode {
  const { state, viewer } = usePage();
  const react = useReact(channel, message);
  const { reactions = [] } = message;
  if (reactions.length === 0) return null;
  return (
    <div className="reactions">
      {reactions.map(({ name, users }) => (
        <button
          key={name}
          type="button"
          className={`reaction ${users.includes(viewer.id) ? 'mine' : ''}`}
          aria-pressed={users.includes(viewer.id)}
          aria-label={`${name}, ${users.length}`}
          title={`:${name}: ${users.map((id) => nameOf(state, id)).join(', ')}`}
          onClick={() => void react(name)}
        >
          <span aria-hidden="true">{emojiOf(name)}</span> {users.length}
        </button>
      ))}
    </div>
  );
}
