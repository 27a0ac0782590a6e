/** The head of the middle column: where one is, and the ways to the columns beside it. */
import type { ReactNode } from 'react';
import { Icon } from '../icons.tsx';

export function PaneHead(props: {
  readonly title: ReactNode;
  readonly subtitle?: ReactNode;
  readonly children?: ReactNode;
  readonly onMenu: () => void;
  readonly onPanel: () => void;
}): ReactNode {
  return (
    <header className="pane-head">
      <button type="button" className="icon for-phones" aria-label="Channels" onClick={props.onMenu}>
        <Icon name="menu" />
      </button>
      <div className="pane-title">
        <h1>{props.title}</h1>
        {props.subtitle}
      </div>
      <div className="pane-tools">
        {props.children}
        <button
          type="button"
          className="icon"
          aria-label="Behind the scenes: the story, Web API calls, faults"
          title="Behind the scenes"
          onClick={props.onPanel}
        >
          <Icon name="panel" />
        </button>
      </div>
    </header>
  );
}
