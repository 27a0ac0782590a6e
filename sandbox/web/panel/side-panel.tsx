/** Behind the scenes: the story, the app's Web API calls as they happen, and trouble on demand. */
import type { ReactNode } from 'react';
import { usePage } from '../context.tsx';
import { Icon } from '../icons.tsx';
import { useKept } from '../kept.ts';
import type { Call } from '../model.ts';
import { Calls } from './calls.tsx';
import { Faults } from './faults.tsx';
import { StoryCard } from './story.tsx';

const TABS = { story: 'Story', calls: 'API calls', faults: 'Faults' } as const;
type Tab = keyof typeof TABS;

export function SidePanel(props: {
  readonly calls: readonly Call[];
  readonly onClose: () => void;
}): ReactNode {
  const { story } = usePage();
  const [kept, setTab] = useKept<Tab>('panel-tab', 'calls');
  const tabs = (Object.keys(TABS) as Tab[]).filter((each) => each !== 'story' || story);
  const tab = tabs.includes(kept) ? kept : 'calls';
  return (
    <aside
      className="side panel"
      aria-label="Behind the scenes"
      onKeyDown={(event) => event.key === 'Escape' && props.onClose()}
    >
      <header className="pane-head">
        <div className="pane-title">
          <h2>Behind the scenes</h2>
        </div>
        <button type="button" className="icon" aria-label="Close the panel" onClick={props.onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div className="tabs" role="tablist" aria-label="Behind the scenes">
        {tabs.map((each) => (
          <button
            key={each}
            type="button"
            role="tab"
            id={`side-tab-${each}`}
            aria-selected={tab === each}
            aria-controls={`side-panel-${each}`}
            onClick={() => setTab(each)}
          >
            {TABS[each]}
          </button>
        ))}
      </div>
      <div className="tab-panel" role="tabpanel" id={`side-panel-${tab}`} aria-labelledby={`side-tab-${tab}`}>
        {tab === 'story' && story && <StoryCard story={story} />}
        {tab === 'calls' && <Calls calls={props.calls} />}
        {tab === 'faults' && <Faults />}
      </div>
    </aside>
  );
}
