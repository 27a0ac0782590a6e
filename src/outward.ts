/** What goes out of the bot, besides answers: to Slack, to pagers, to the tracker of action items. */
import type { App } from './app/app.ts';
import type { Config } from './config.ts';
import { createPager, type Pager } from './paging/send-page.ts';
import type { Performing } from './slack/perform/context.ts';
import { createTwinSweep } from './slack/perform/twins.ts';
import { createPerform } from './slack/perform.ts';
import { loadPeople } from './store/people.ts';
import { createGitHub } from './trackers/github.ts';
import { createTracking } from './trackers/track.ts';

export interface Outward {
  readonly perform: ReturnType<typeof createPerform>;
  readonly sweep: ReturnType<typeof createTwinSweep>;
  readonly page: Pager;
  readonly track: ReturnType<typeof createTracking>;
}

export function createOutward(
  { paging, tracker }: Pick<Config, 'paging' | 'tracker'>,
  talk: Performing & { readonly app: App },
): Outward {
  const { app, store, now } = talk;
  return {
    perform: createPerform(talk),
    sweep: createTwinSweep(talk),
    page: createPager(paging, now),
    track: createTracking({
      tracker: tracker && createGitHub(tracker, { now }),
      now,
      incident: (id) => app.incident(id),
      people: () => loadPeople(store),
      tracked: (id, number, issue) => app.act(id, { kind: 'action-tracked', number, issue }),
    }),
  };
}
