/** One thread: the message it began with, the replies, and a composer of its own. */
import { type ReactNode, useEffect, useRef } from 'react';
import { Icon } from '../icons.tsx';
import type { Channel } from '../model.ts';
import { Composer } from './composer.tsx';
import { MessageItem } from './message-item.tsx';

export function ThreadPane(props: {
  readonly channel: Channel;
  readonly ts: string;
  readonly onClose: () => void;
}): ReactNode {
  const { channel, ts, onClose } = props;
  const end = useRef<HTMLDivElement>(null);
  const replies = [...channel.messages, ...channel.ephemerals]
    .filter((message) => message.thread_ts === ts && message.ts !== ts)
    .sort((a, b) => Number(a.ts) - Number(b.ts));
  const parent = channel.messages.find((message) => message.ts === ts);
  useEffect(() => {
    end.current?.scrollIntoView();
  }, [replies.length]);
  return (
    <aside
      className="side thread"
      aria-label="Thread"
      onKeyDown={(event) => event.key === 'Escape' && onClose()}
    >
      <header className="pane-head">
        <div className="pane-title">
          <h2>Thread</h2>
          <p className="topic">#{channel.name}</p>
        </div>
        <button type="button" className="icon" aria-label="Close the thread" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div className="messages" role="log" aria-label="Messages of the thread" tabIndex={0}>
        {parent && <MessageItem channel={channel} message={parent} compact={false} />}
        <div className="line">
          <span>
            {replies.length} {replies.length === 1 ? 'reply' : 'replies'}
          </span>
        </div>
        {replies.map((message) => (
          <MessageItem key={message.ts} channel={channel} message={message} compact={false} />
        ))}
        <div ref={end} />
      </div>
      {!channel.is_archived && (
        <Composer
          channel={channel.name}
          thread={ts}
          label="Reply in the thread"
          placeholder="Reply …"
          autoFocus
        />
      )}
    </aside>
  );
}
