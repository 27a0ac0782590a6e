/** One message: author, text or blocks, files, reactions, its thread, and what can be done with it. */
import { memo, type ReactNode, useState } from 'react';
import { Blocks } from '../blocks/blocks.tsx';
import { Mrkdwn } from '../blocks/text.tsx';
import { nameOf, personOf, usePage } from '../context.tsx';
import { Icon } from '../icons.tsx';
import type { Channel, Message } from '../model.ts';
import { patch, post, type Seen } from '../slack.ts';
import { exactly, timeOf } from '../time.ts';
import { Avatar } from './avatar.tsx';
import { Files } from './files.tsx';
import { MessageMenu } from './message-menu.tsx';
import { Reactions } from './reactions.tsx';
import { TextLine } from './text-line.tsx';

interface ItemProps {
  readonly channel: Channel;
  readonly message: Message;
  /** Without the author: the message before is theirs too. */
  readonly compact: boolean;
  /** The one that a link led to. */
  readonly marked?: boolean;
  /** Absent in a thread. */
  readonly onThread?: (ts: string) => void;
  readonly onHide?: (ts: string) => void;
}

/** Lines that Slack itself writes. */
const SYSTEM = new Set([
  'channel_join',
  'channel_leave',
  'channel_topic',
  'channel_purpose',
  'channel_name',
  'channel_archive',
  'channel_unarchive',
  'group_join',
  'pinned_item',
]);

export const MessageItem = memo(
  function MessageItem(props: ItemProps) {
    const { state, viewer } = usePage();
    const { channel, message, compact, marked = false, onThread, onHide } = props;
    const [editing, setEditing] = useState(false);
    const { ts, user, subtype = '', to } = message;
    if (SYSTEM.has(subtype))
      return (
        <p className="system" data-ts={ts}>
          <TextLine text={message.text} /> <Time ts={ts} />
        </p>
      );
    const author = personOf(state, user);
    const name = author?.name ?? nameOf(state, user);
    return (
      <article
        className={`message ${compact ? 'compact' : ''} ${to === undefined ? '' : 'ephemeral'} ${marked ? 'marked' : ''}`}
        data-ts={ts}
        aria-label={`${name}, ${timeOf(ts)}`}
      >
        <div className="message-side">{compact ? <Time ts={ts} /> : <Avatar person={author} />}</div>
        <div className="message-main">
          {!compact && (
            <div className="author">
              <strong>{name}</strong>
              {author?.is_bot === true && <span className="app-mark">APP</span>}
              <Time ts={ts} />
            </div>
          )}
          {to !== undefined && (
            <p className="only-you">
              <Icon name="eye" /> Only visible to you
              {onHide && (
                <button type="button" className="link" onClick={() => onHide(ts)}>
                  Dismiss
                </button>
              )}
            </p>
          )}
          {editing ? (
            <Editor channel={channel} message={message} onDone={() => setEditing(false)} />
          ) : (
            <Content channel={channel} message={message} />
          )}
          <Files channel={channel} files={message.files ?? []} />
          <Reactions channel={channel} message={message} />
          {onThread && <ThreadLink message={message} onThread={onThread} />}
        </div>
        {to === undefined && !editing && (
          <MessageMenu
            channel={channel}
            message={message}
            isMine={user === viewer.id}
            {...(onThread ? { onThread } : {})}
            onEdit={() => setEditing(true)}
          />
        )}
      </article>
    );
  },
  (before, after) =>
    before.message === after.message &&
    before.compact === after.compact &&
    before.marked === after.marked &&
    before.channel.is_archived === after.channel.is_archived &&
    before.channel.pins === after.channel.pins &&
    before.channel.files === after.channel.files &&
    before.channel.id === after.channel.id,
);

function Time({ ts }: { readonly ts: string }): ReactNode {
  return (
    <time dateTime={new Date(Number(ts) * 1000).toISOString()} title={exactly(ts)}>
      {timeOf(ts)}
    </time>
  );
}

function Content({ channel, message }: Pick<ItemProps, 'channel' | 'message'>): ReactNode {
  const { viewer, act } = usePage();
  const { ts, text, blocks = [], edited, bot_id: bot } = message;
  const typed = bot === undefined && blocks.every(({ type }) => type === 'rich_text');
  const press = async (element: { readonly action_id: string }, value?: unknown): Promise<void> => {
    const click = { user: viewer.name, channel: channel.id, ts, action_id: element.action_id };
    await act(post<Seen>('actions', { ...click, ...(value === undefined ? {} : { value }) }));
  };
  return (
    <>
      {typed || blocks.length === 0 ? (
        <Mrkdwn text={typed && message.to === undefined ? escapeTyped(text) : text} />
      ) : (
        <Blocks blocks={blocks} onAct={press} />
      )}
      {edited && bot === undefined && <span className="muted small">(edited)</span>}
    </>
  );
}

/** What people type is plain; only mentions are markup. */
const escapeTyped = (text: string): string =>
  text.replace(/&(?!(?:amp|lt|gt);)/g, '&amp;').replace(/<(?![@#!][A-Za-z0-9]|https?:)/g, '&lt;');

function ThreadLink({
  message,
  onThread,
}: {
  readonly message: Message;
  readonly onThread: (ts: string) => void;
}) {
  const { state } = usePage();
  const { ts, thread_ts: parent, reply_count: count = 0, reply_users: users = [], subtype } = message;
  if (subtype === 'thread_broadcast' && parent !== undefined)
    return (
      <button type="button" className="thread-link" onClick={() => onThread(parent)}>
        replied in a thread
      </button>
    );
  if (count === 0) return null;
  return (
    <button type="button" className="thread-link" onClick={() => onThread(ts)}>
      {users.map((id) => (
        <Avatar key={id} person={personOf(state, id)} size="small" />
      ))}
      {count} {count === 1 ? 'reply' : 'replies'}
    </button>
  );
}

function Editor(props: Pick<ItemProps, 'channel' | 'message'> & { readonly onDone: () => void }): ReactNode {
  const { viewer, act } = usePage();
  const { channel, message, onDone } = props;
  const [text, setText] = useState(message.text);
  const save = async (): Promise<void> => {
    await act(patch(`messages/${channel.id}/${message.ts}`, { user: viewer.name, text }));
    onDone();
  };
  return (
    <form
      className="editor"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <textarea
        className="input"
        aria-label="Edit the message"
        value={text}
        autoFocus
        onChange={({ target }) => setText(target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onDone();
          if (event.key === 'Enter' && !event.shiftKey) {
            event.preventDefault();
            void save();
          }
        }}
      />
      <div className="dialog-buttons">
        <button type="button" className="button" onClick={onDone}>
          Cancel
        </button>
        <button type="submit" className="button primary" disabled={text.trim() === ''}>
          Save
        </button>
      </div>
    </form>
  );
}
