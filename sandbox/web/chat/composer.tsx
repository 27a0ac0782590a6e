/** Where people type: messages and commands, with completion. */
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { usePage } from '../context.tsx';
import { Icon } from '../icons.tsx';
import { Popover } from '../popover.tsx';
import { post, type Seen } from '../slack.ts';
import { type Offer, offersFor, usageOf } from './completion.ts';

interface ComposerProps {
  /** By name; `dm-NAME` for a direct message. */
  readonly channel: string;
  readonly thread?: string;
  readonly label: string;
  readonly placeholder: string;
  readonly autoFocus?: boolean;
}

export function Composer({
  channel,
  thread,
  label,
  placeholder,
  autoFocus = false,
}: ComposerProps): ReactNode {
  const { state, story, viewer, act, say } = usePage();
  const id = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const [closed, setClosed] = useState(false);
  const [walked, setWalked] = useState(false);
  const [sending, setSending] = useState(false);
  const offers = closed || thread !== undefined ? [] : offersFor(text, state, story);
  const usage = offers.length === 0 ? usageOf(text, story) : undefined;
  useGrowing(area.current, text);

  const type = (line: string): void => {
    setText(line);
    setChosen(0);
    setClosed(false);
    setWalked(false);
  };
  const send = async (): Promise<void> => {
    const line = text.trim();
    if (line === '' || sending) return;
    if (line.startsWith('/') && thread !== undefined) {
      say('Slack takes no slash command in a thread.');
      return;
    }
    type('');
    setSending(true);
    const wish = { user: viewer.name, channel, text: line };
    const done = await act(
      line.startsWith('/')
        ? post<Seen>('commands', wish)
        : post('messages', { ...wish, ...(thread === undefined ? {} : { thread_ts: thread }) }),
    );
    setSending(false);
    if (done === undefined) setText((now) => (now === '' ? line : now));
  };
  const take = (offer: Offer | undefined): void => {
    if (offer) type(offer.line);
    area.current?.focus();
  };
  const onKey = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (offers.length > 0 && step !== undefined) {
      event.preventDefault();
      setChosen((chosen + step + offers.length) % offers.length);
      setWalked(true);
    } else if (offers.length > 0 && event.key === 'Tab' && !event.shiftKey) {
      event.preventDefault();
      take(offers[chosen]);
    } else if (offers.length > 0 && event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      setClosed(true);
    } else if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      // The command on its own is a call for help, unless a person went down the list.
      const isWhole = text.trim() === story?.command && !walked;
      if (offers.length > 0 && !isWhole) take(offers[chosen]);
      else void send();
    }
  };
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {offers.length > 0 && <Offers id={`${id}-offers`} offers={offers} chosen={chosen} onTake={take} />}
      {usage !== undefined && <p className="usage">{usage}</p>}
      <div className="composer-box">
        {thread === undefined && <Shortcuts />}
        <textarea
          ref={area}
          rows={1}
          aria-label={label}
          aria-autocomplete="list"
          aria-controls={offers.length > 0 ? `${id}-offers` : undefined}
          aria-activedescendant={offers.length > 0 ? `${id}-offers-${chosen}` : undefined}
          placeholder={placeholder}
          value={text}
          autoFocus={autoFocus}
          onChange={({ target }) => type(target.value)}
          onKeyDown={onKey}
        />
        <button
          type="submit"
          className="send"
          aria-label="Send"
          aria-busy={sending}
          disabled={text.trim() === ''}
        >
          <Icon name="send" />
        </button>
      </div>
    </form>
  );
}

/** The app's shortcuts that belong to no message. */
function Shortcuts(): ReactNode {
  const { story, viewer, act } = usePage();
  const shortcuts = story?.shortcuts.filter(({ type }) => type === 'global') ?? [];
  if (shortcuts.length === 0) return null;
  return (
    <Popover label="Shortcuts" icon={<Icon name="bolt" />} className="shortcuts">
      {(close) =>
        shortcuts.map(({ callback_id, name }) => (
          <button
            key={callback_id}
            type="button"
            className="menu-item"
            onClick={() => {
              close();
              void act(post<Seen>('shortcuts', { user: viewer.name, callback_id }));
            }}
          >
            {name}
          </button>
        ))
      }
    </Popover>
  );
}

function Offers(props: {
  readonly id: string;
  readonly offers: readonly Offer[];
  readonly chosen: number;
  readonly onTake: (offer: Offer) => void;
}): ReactNode {
  return (
    <ul className="offers" id={props.id} role="listbox" aria-label="Completions" tabIndex={0}>
      {props.offers.map((offer, index) => (
        <li
          key={offer.line}
          id={`${props.id}-${index}`}
          ref={index === props.chosen ? intoView : undefined}
          role="option"
          aria-selected={index === props.chosen}
          onPointerDown={(event) => {
            event.preventDefault();
            props.onTake(offer);
          }}
        >
          <strong>{offer.label}</strong>
          <small>{offer.hint}</small>
        </li>
      ))}
    </ul>
  );
}

const intoView = (item: HTMLElement | null): void => item?.scrollIntoView({ block: 'nearest' });

const MOST_PX = 180;

function useGrowing(area: HTMLTextAreaElement | null, text: string): void {
  useEffect(() => {
    if (!area) return;
    area.style.height = 'auto';
    area.style.height = `${Math.min(area.scrollHeight, MOST_PX)}px`;
  }, [area, text]);
}
