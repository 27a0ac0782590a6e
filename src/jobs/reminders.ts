/** Reminds of what is due: when an incident's next look has come, the core says whether something is to be said. */
import type { App } from '../app/app.ts';
import { remindable } from '../store/incidents.ts';
import type { Store } from '../store/store.ts';
import type { Clock } from './clock.ts';
import type { Worker } from './crew.ts';

export interface RemindersOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly app: Pick<App, 'act'>;
}

/** The worker whose keys are incidents. What is due once is said once: the look writes when the next one is. */
export const remindersWorker = ({ store, clock, app }: RemindersOptions): Worker => ({
  name: 'reminders',
  due: async () => (await remindable(store, clock.now())).map(String),
  async work(incident) {
    await app.act(Number(incident), { kind: 'remind' });
  },
});
