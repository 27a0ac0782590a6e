/** The page: who acts, what is open, and where everything stands. */
import { type ReactNode, useCallback, useEffect, useMemo, useState } from 'react';
import { AppPane } from './chat/app-pane.tsx';
import { ChannelPane } from './chat/channel-pane.tsx';
import { Modal } from './chat/modal.tsx';
import { Sidebar } from './chat/sidebar.tsx';
import { Switcher } from './chat/switcher.tsx';
import { ThreadPane } from './chat/thread-pane.tsx';
import { useUnread } from './chat/unread.ts';
import { botOf, directMessageOf, type Page, PageProvider } from './context.tsx';
import { useKept } from './kept.ts';
import { addressOf, placeOf } from './links.ts';
import { type Live, useLive } from './live.ts';
import type { Person, State } from './model.ts';
import { SidePanel } from './panel/side-panel.tsx';
import { useTheme } from './theme.ts';

export function App(): ReactNode {
  const [viewer, act] = useKept('viewer', 'oncall');
  const live = useLive(viewer);
  const person = live.state?.users.find(({ name }) => name === viewer);
  if (!live.state || !person)
    return (
      <main className="waiting">
        <p role="status">{live.online ? 'Opening the local Slack …' : 'The local Slack does not answer.'}</p>
      </main>
    );
  return <Workspace live={live} state={live.state} viewer={person} actAs={act} />;
}

/** What the right column shows. */
type Right = { readonly kind: 'none' | 'panel' } | { readonly kind: 'thread'; readonly ts: string };

function Workspace(props: {
  readonly live: Live;
  readonly state: State;
  readonly viewer: Person;
  readonly actAs: (name: string) => void;
}): ReactNode {
  const { live, state, viewer, actAs } = props;
  const [theme, flipTheme] = useTheme();
  const [place, setPlace] = useState(() => placeOf(location.href) ?? { channel: 'start-here' });
  const [panelOpen, setPanelOpen] = useKept('panel', innerWidth >= 1200);
  const [right, setRight] = useState<Right>({ kind: panelOpen ? 'panel' : 'none' });
  const [drawer, setDrawer] = useState(false);
  const [switching, setSwitching] = useState(false);
  const [toast, say] = useToast();

  const go = useCallback((channel: string, ts?: string) => {
    setPlace({ channel, ...(ts === undefined ? {} : { ts }) });
    setDrawer(false);
    setRight((before) => (before.kind === 'thread' ? { kind: 'none' } : before));
  }, []);
  const openPanel = useCallback(
    (open: boolean) => {
      setPanelOpen(open);
      setRight({ kind: open ? 'panel' : 'none' });
    },
    [setPanelOpen],
  );
  const { refresh } = live;
  const act = useCallback(
    async <T,>(work: Promise<T>): Promise<T | undefined> => {
      try {
        return await work;
      } catch (error) {
        say(error instanceof Error ? error.message : String(error));
        return undefined;
      } finally {
        refresh();
      }
    },
    [say, refresh],
  );
  const page = useMemo<Page>(
    () => ({ viewer, state, story: live.story, theme, go, act, say }),
    [viewer, state, live.story, theme, go, act, say],
  );
  const dm = directMessageOf(state, viewer);
  const isApp = place.channel === 'app' || place.channel === dm?.id;
  const channel = state.channels.find(({ id, name }) => id === place.channel || name === place.channel);
  const unread = useUnread(state, viewer);
  useShortcuts(() => setSwitching(true));
  useAddress(channel?.id, channel?.name ?? botOf(state)?.name ?? 'Local Slack', unread.total);

  const view = state.views.filter(({ user }) => user === viewer.id).at(-1);
  const shown = isApp ? (dm?.id ?? 'app') : channel?.id;
  return (
    <PageProvider value={page}>
      <div className={`workspace ${drawer ? 'drawer-open' : ''} right-${right.kind}`}>
        <Sidebar
          shown={shown}
          unread={unread}
          online={live.online}
          onActAs={actAs}
          onSwitch={() => setSwitching(true)}
          onTheme={flipTheme}
          onClose={() => setDrawer(false)}
        />
        {drawer && (
          <button
            type="button"
            className="scrim"
            aria-label="Close the menu"
            onClick={() => setDrawer(false)}
          />
        )}
        {isApp || !channel ? (
          <AppPane
            key={viewer.id}
            channel={dm}
            unread={unread}
            onMenu={() => setDrawer(true)}
            onPanel={() => openPanel(right.kind !== 'panel')}
          />
        ) : (
          <ChannelPane
            key={`${channel.id} ${viewer.id}`}
            channel={channel}
            ts={place.ts}
            unread={unread}
            onMenu={() => setDrawer(true)}
            onThread={(ts) => setRight({ kind: 'thread', ts })}
            onPanel={() => openPanel(right.kind !== 'panel')}
          />
        )}
        {right.kind === 'thread' && channel && (
          <ThreadPane
            key={right.ts}
            channel={channel}
            ts={right.ts}
            onClose={() => setRight({ kind: panelOpen && innerWidth >= 1200 ? 'panel' : 'none' })}
          />
        )}
        {right.kind === 'panel' && <SidePanel calls={live.calls} onClose={() => openPanel(false)} />}
      </div>
      {view && <Modal key={view.id} view={view} />}
      {switching && <Switcher onClose={() => setSwitching(false)} />}
      <div className="toasts" role="status">
        {toast !== undefined && <p className="toast">{toast}</p>}
      </div>
    </PageProvider>
  );
}

const TOAST_MS = 6000;

function useToast(): [string | undefined, (text: string) => void] {
  const [toast, setToast] = useState<{ readonly text: string }>();
  useEffect(() => {
    if (!toast) return undefined;
    const timer = setTimeout(() => setToast(undefined), TOAST_MS);
    return () => clearTimeout(timer);
  }, [toast]);
  const say = useCallback((text: string) => setToast({ text }), []);
  return [toast?.text, say];
}

/** Ctrl+K, or Cmd+K. */
function useShortcuts(onSwitch: () => void): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() !== 'k' || !(event.metaKey || event.ctrlKey)) return;
      event.preventDefault();
      onSwitch();
    };
    addEventListener('keydown', listen);
    return () => removeEventListener('keydown', listen);
  });
}

/** The address can be shared and reloaded; the title says what waits. */
function useAddress(channel: string | undefined, name: string, waiting: number): void {
  useEffect(() => {
    if (channel !== undefined) history.replaceState(null, '', addressOf(channel));
  }, [channel]);
  useEffect(() => {
    document.title = `${waiting > 0 ? `(${waiting}) ` : ''}${name} · Local Slack`;
  }, [name, waiting]);
}
