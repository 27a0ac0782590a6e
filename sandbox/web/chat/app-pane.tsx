/** The app: its Home, and the direct messages with it. */
import { type ReactNode, useEffect, useState } from 'react';
import { Blocks } from '../blocks/blocks.tsx';
import type { Value, Values } from '../blocks/values.ts';
import { valuesOf } from '../blocks/values.ts';
import { botOf, usePage } from '../context.tsx';
import type { Block, Channel, Element } from '../model.ts';
import { post, type Seen } from '../slack.ts';
import { Composer } from './composer.tsx';
import { MessageList } from './message-list.tsx';
import { PaneHead } from './pane-head.tsx';
import type { Unread } from './unread.ts';

type Tab = 'home' | 'messages';

export function AppPane(props: {
  readonly channel: Channel | undefined;
  readonly unread: Unread;
  readonly onMenu: () => void;
  readonly onPanel: () => void;
}): ReactNode {
  const { state, viewer } = usePage();
  const { channel, unread } = props;
  const [tab, setTab] = useState<Tab>(() => (channel && unread.count(channel.id) > 0 ? 'messages' : 'home'));
  const name = botOf(state)?.name ?? 'app';
  return (
    <main className="pane" aria-label={`App ${name}`}>
      <PaneHead title={name} onMenu={props.onMenu} onPanel={props.onPanel} />
      <div className="tabs" role="tablist" aria-label={name}>
        {(['home', 'messages'] as const).map((each) => (
          <button
            key={each}
            type="button"
            role="tab"
            id={`tab-${each}`}
            aria-selected={tab === each}
            aria-controls={`panel-${each}`}
            onClick={() => setTab(each)}
          >
            {each === 'home' ? 'Home' : 'Messages'}
          </button>
        ))}
      </div>
      <div className="tab-panel" role="tabpanel" id={`panel-${tab}`} aria-labelledby={`tab-${tab}`}>
        {tab === 'home' ? (
          <Home />
        ) : (
          <>
            {channel ? (
              <MessageList channel={channel} unread={unread} />
            ) : (
              <p className="nothing">No messages yet.</p>
            )}
            <Composer
              channel={`dm-${viewer.name}`}
              label={`Message ${name}`}
              placeholder="Message, or / for a command"
            />
          </>
        )}
      </div>
    </main>
  );
}

function Home(): ReactNode {
  const { state, viewer, act } = usePage();
  const [typed, setTyped] = useState<Values>({});
  const [asked, setAsked] = useState(false);
  useEffect(() => {
    void act(post('home', { user: viewer.name })).then(() => setAsked(true));
    // Opening is one event, whatever is drawn again.
  }, [viewer.name]);
  const view = state.homes.find(({ user }) => user === viewer.id);
  if (!view) return <p className="nothing">{asked ? 'The app shows nothing here.' : 'Opening …'}</p>;
  const press = async (element: Element, value?: unknown): Promise<void> => {
    const click = { user: viewer.name, view_id: view.id, action_id: element.action_id };
    await act(post<Seen>('actions', { ...click, ...(value === undefined ? {} : { value }) }));
  };
  const change = ({ block_id: block = '' }: Block, { action_id: action }: Element, value: Value): void =>
    setTyped((before) => ({ ...before, [block]: { ...before[block], [action]: value } }));
  return (
    <div className="home" tabIndex={0} role="region" aria-label="Home">
      <Blocks blocks={view.blocks} onAct={press} values={{ ...valuesOf(view), ...typed }} onValue={change} />
    </div>
  );
}
