/** The channels, the app, and who is acting. */
import { type KeyboardEvent, type ReactNode, useRef } from 'react';
import { botOf, directMessageOf, usePage } from '../context.tsx';
import { Icon } from '../icons.tsx';
import type { Channel, Person } from '../model.ts';
import { Avatar } from './avatar.tsx';
import type { Unread } from './unread.ts';

export function Sidebar(props: {
  readonly shown: string | undefined;
  readonly unread: Unread;
  readonly online: boolean;
  readonly onActAs: (name: string) => void;
  readonly onSwitch: () => void;
  readonly onTheme: () => void;
  readonly onClose: () => void;
}): ReactNode {
  const { state, viewer, theme, go } = usePage();
  const list = useRef<HTMLElement>(null);
  const bot = botOf(state);
  const dm = directMessageOf(state, viewer);
  const channels = state.channels.filter(({ is_im }) => !is_im);
  const open = sorted(channels.filter(({ is_archived }) => !is_archived));
  const archived = sorted(channels.filter(({ is_archived }) => is_archived));
  const row = (channel: Channel): ReactNode => (
    <li key={channel.id}>
      <Row
        id={channel.id}
        icon={<Icon name={channel.is_private ? 'lock' : 'hash'} />}
        name={channel.name}
        shown={props.shown}
        unread={props.unread}
      />
    </li>
  );
  return (
    <div className="sidebar" onKeyDown={(event) => event.key === 'Escape' && props.onClose()}>
      <header className="sidebar-head">
        <strong>Local Slack</strong>
        <button
          type="button"
          className="icon"
          onClick={props.onTheme}
          aria-label={`Switch to ${theme === 'dark' ? 'light' : 'dark'} mode`}
          title={`Switch to ${theme === 'dark' ? 'light' : 'dark'} mode`}
        >
          <Icon name={theme === 'dark' ? 'sun' : 'moon'} />
        </button>
      </header>
      <button type="button" className="jump" onClick={props.onSwitch}>
        <span>Jump to …</span>
        <kbd>Ctrl K</kbd>
      </button>
      <nav ref={list} aria-label="Channels" onKeyDown={(event) => moveFocus(event, list.current)}>
        <h2 id="channels">Channels</h2>
        <ul aria-labelledby="channels">{open.map(row)}</ul>
        {bot && (
          <>
            <h2 id="apps">Apps</h2>
            <ul aria-labelledby="apps">
              <li>
                <Row
                  id={dm?.id ?? 'app'}
                  icon={<Avatar person={bot} size="small" />}
                  name={bot.name}
                  shown={props.shown}
                  unread={props.unread}
                />
              </li>
            </ul>
          </>
        )}
        {archived.length > 0 && (
          <details>
            <summary>Archived ({archived.length})</summary>
            <ul>{archived.map(row)}</ul>
          </details>
        )}
      </nav>
      <footer className="sidebar-foot">
        <ActAs
          people={state.users.filter(actable)}
          viewer={viewer}
          onActAs={(name) => {
            go(props.shown ?? 'start-here');
            props.onActAs(name);
          }}
        />
        <p className={`connection ${props.online && state.connections > 0 ? 'good' : 'bad'}`}>
          {connection(props.online, state.connections)}
        </p>
      </footer>
    </div>
  );
}

function Row(props: {
  readonly id: string;
  readonly icon: ReactNode;
  readonly name: string;
  readonly shown: string | undefined;
  readonly unread: Unread;
}): ReactNode {
  const { go } = usePage();
  const { id, shown, unread, name } = props;
  const count = shown === id ? 0 : unread.count(id);
  return (
    <button
      type="button"
      className={`row ${count > 0 ? 'unread' : ''}`}
      aria-current={shown === id ? 'page' : undefined}
      onClick={() => go(id)}
    >
      <span className="row-icon" aria-hidden="true">
        {props.icon}
      </span>
      <span className="row-name">{name}</span>
      {count > 0 && (
        <span className={`badge ${unread.isUrgent(id) ? 'urgent' : ''}`}>
          {count > 99 ? '99+' : count}
          <span className="hidden"> unread</span>
        </span>
      )}
    </button>
  );
}

function ActAs(props: {
  readonly people: readonly Person[];
  readonly viewer: Person;
  readonly onActAs: (name: string) => void;
}): ReactNode {
  const { people, viewer, onActAs } = props;
  return (
    <label className="act-as">
      <Avatar person={viewer} size="small" />
      <span>Act as</span>
      <select value={viewer.name} onChange={({ target }) => onActAs(target.value)}>
        {people.map(({ id, name, kind }) => (
          <option key={id} value={name}>
            {name}
            {kind === 'member' ? '' : ` (${kind})`}
          </option>
        ))}
      </select>
    </label>
  );
}

const actable = ({ is_bot, deactivated }: Person): boolean => !is_bot && !deactivated;

/** What a newcomer needs first; then the standing channels; then incidents, the newest first. */
const sorted = (channels: readonly Channel[]): readonly Channel[] =>
  [...channels].sort((a, b) => rank(a) - rank(b) || b.id.localeCompare(a.id));

function rank({ name }: Channel): number {
  const first = ['start-here', 'incidents', 'general'].indexOf(name);
  if (first >= 0) return first;
  return name.startsWith('inc-') ? 10 : 5;
}

function connection(online: boolean, connections: number): string {
  if (!online) return 'The local Slack does not answer';
  return connections === 0 ? 'No app is connected' : 'The app is connected';
}

/** ↑ and ↓, Home and End. */
function moveFocus(event: KeyboardEvent, list: HTMLElement | null): void {
  const rows = [...(list?.querySelectorAll<HTMLElement>('.row') ?? [])];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  rows[Math.max(0, Math.min(to, rows.length - 1))]?.focus();
}
