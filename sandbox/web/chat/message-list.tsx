/** The messages of a channel, days and authors apart; stays at the end unless a person scrolled away. */
import { Fragment, type ReactNode, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { usePage } from '../context.tsx';
import type { Channel, Message } from '../model.ts';
import { dayOf } from '../time.ts';
import { MessageItem } from './message-item.tsx';
import type { Unread } from './unread.ts';

const SAME_AUTHOR_S = 300;
const NEAR_END_PX = 80;

export function MessageList(props: {
  readonly channel: Channel;
  readonly ts?: string | undefined;
  readonly unread: Unread;
  readonly onThread?: (ts: string) => void;
  /** The first time, it is read from its beginning. */
  readonly fromTop?: boolean;
  readonly children?: ReactNode;
}): ReactNode {
  const { viewer } = usePage();
  const { channel, ts, unread, onThread, fromTop = false } = props;
  const [hidden, setHidden] = useState<readonly string[]>([]);
  // Fixed while the channel is open: the line must not run away under one's eyes.
  const [seenBefore] = useState(() => unread.seenIn(channel.id));
  const messages = shownIn(channel).filter((message) => !hidden.includes(message.ts));
  const last = lastTs(channel);
  const { see } = unread;
  useEffect(() => {
    if (last !== undefined && document.visibilityState === 'visible') see(channel.id, last);
  }, [see, channel.id, last]);
  const [box, follow] = useEnd(messages, ts, seenBefore === undefined && fromTop);
  const firstNew =
    seenBefore === undefined
      ? undefined
      : messages.find((message) => message.ts > seenBefore && message.user !== viewer.id)?.ts;
  return (
    <div className="messages" ref={box} onScroll={follow} role="log" aria-label="Messages" tabIndex={0}>
      <div className="messages-inner">
        {messages.map((message, index) => {
          const before = messages[index - 1];
          const newDay = !before || dayOf(before.ts) !== dayOf(message.ts);
          return (
            <Fragment key={message.ts}>
              {newDay && (
                <div className="line">
                  <span>{dayOf(message.ts)}</span>
                </div>
              )}
              {firstNew === message.ts && (
                <div className="line new">
                  <span>New</span>
                </div>
              )}
              <MessageItem
                channel={channel}
                message={message}
                compact={!newDay && firstNew !== message.ts && follows(before, message)}
                marked={message.ts === ts}
                {...(onThread ? { onThread } : {})}
                onHide={(gone) => setHidden((all) => [...all, gone])}
              />
            </Fragment>
          );
        })}
        {props.children}
      </div>
    </div>
  );
}

/** Replies stay in their threads, unless they were sent to the channel too. */
const shownIn = ({ messages, ephemerals }: Channel): readonly Message[] =>
  [
    ...messages.filter(
      ({ ts, thread_ts, subtype }) =>
        thread_ts === undefined || thread_ts === ts || subtype === 'thread_broadcast',
    ),
    ...ephemerals.filter(({ thread_ts }) => thread_ts === undefined),
  ].sort((a, b) => Number(a.ts) - Number(b.ts));

const lastTs = ({ messages, ephemerals }: Channel): string | undefined =>
  [...messages, ...ephemerals]
    .map(({ ts }) => ts)
    .sort()
    .at(-1);

const follows = (before: Message | undefined, message: Message): boolean =>
  before !== undefined &&
  before.user === message.user &&
  before.to === message.to &&
  before.subtype === message.subtype &&
  Number(message.ts) - Number(before.ts) < SAME_AUTHOR_S;

/** Keeps the end in view while one is there, and jumps to a message that was asked for. */
function useEnd(messages: readonly Message[], ts: string | undefined, fromTop: boolean) {
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(!fromTop);
  const wanted = useRef(ts);
  if (wanted.current !== ts) {
    wanted.current = ts;
    atEnd.current = ts === undefined;
  }
  useLayoutEffect(() => {
    const whole = box.current;
    if (!whole) return undefined;
    const target = ts === undefined ? null : whole.querySelector(`[data-ts="${ts}"]`);
    if (target) {
      target.scrollIntoView({ block: 'center' });
      atEnd.current = false;
    }
    // What is drawn later (a long text, a picture) must not push the end out of view.
    const watcher = new ResizeObserver(() => {
      if (atEnd.current) whole.scrollTop = whole.scrollHeight;
    });
    if (whole.firstElementChild) watcher.observe(whole.firstElementChild);
    return () => watcher.disconnect();
  }, [ts]);
  useLayoutEffect(() => {
    const whole = box.current;
    if (whole && atEnd.current) whole.scrollTop = whole.scrollHeight;
  }, [messages]);
  const follow = (): void => {
    const whole = box.current;
    if (whole) atEnd.current = whole.scrollHeight - whole.scrollTop - whole.clientHeight < NEAR_END_PX;
  };
  return [box, follow] as const;
}
