/** One channel: its head, bookmarks and pins, messages, and the composer. */
import type { ReactNode } from 'react';
import { Anchor } from '../blocks/text.tsx';
import { usePage } from '../context.tsx';
import { emojiOf } from '../emoji.ts';
import { Icon } from '../icons.tsx';
import type { Channel } from '../model.ts';
import { StoryCard } from '../panel/story.tsx';
import { Composer } from './composer.tsx';
import { MessageList } from './message-list.tsx';
import { PaneHead } from './pane-head.tsx';
import { Pins } from './pins.tsx';
import { TextLine } from './text-line.tsx';
import type { Unread } from './unread.ts';

export function ChannelPane(props: {
  readonly channel: Channel;
  /** The message to show first. */
  readonly ts: string | undefined;
  readonly unread: Unread;
  readonly onMenu: () => void;
  readonly onThread: (ts: string) => void;
  readonly onPanel: () => void;
}): ReactNode {
  const { story } = usePage();
  const { channel } = props;
  const isStart = channel.name === 'start-here';
  return (
    <main className="pane" aria-label={`Channel ${channel.name}`}>
      <PaneHead
        title={
          <>
            <Icon name={channel.is_private ? 'lock' : 'hash'} /> {channel.name}
          </>
        }
        subtitle={
          <p className="topic">
            <TextLine text={channel.topic} />
          </p>
        }
        onMenu={props.onMenu}
        onPanel={props.onPanel}
      >
        <Pins channel={channel} />
        <span className="members" title={`${channel.members.length} members`}>
          <Icon name="people" />
          {channel.members.length}
          <span className="hidden"> members</span>
        </span>
      </PaneHead>
      <Bookmarks channel={channel} />
      <MessageList
        channel={channel}
        ts={props.ts}
        unread={props.unread}
        onThread={props.onThread}
        fromTop={isStart}
      >
        {isStart && story && <StoryCard story={story} />}
      </MessageList>
      {channel.is_archived ? (
        <p className="archived">This channel is archived.</p>
      ) : (
        <Composer
          channel={channel.name}
          label={`Message #${channel.name}`}
          placeholder="Message, or / for a command"
        />
      )}
    </main>
  );
}

function Bookmarks({ channel: { bookmarks } }: { readonly channel: Channel }): ReactNode {
  if (bookmarks.length === 0) return null;
  return (
    <nav className="bookmarks" aria-label="Bookmarks">
      {bookmarks.map(({ id, title, link, emoji }) => (
        <Anchor key={id} href={link}>
          <span aria-hidden="true">
            {emoji ? emojiOf(emoji.replaceAll(':', '')) : <Icon name="bookmark" />}
          </span>{' '}
          {title}
        </Anchor>
      ))}
    </nav>
  );
}
