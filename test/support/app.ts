/** An App on a database of its own, with real commands; people of the directory are given. */

import type { App, Directory } from '../../src/app/app.ts';
import type { Reply } from '../../src/app/command.ts';
import { createApp } from '../../src/app/create.ts';
import { createDispatch, type Dispatch } from '../../src/app/dispatch.ts';
import { loadCommands } from '../../src/app/load-commands.ts';
import { loadChecks } from '../../src/databases/check.ts';
import { DEFAULT_ALERT_POLICY } from '../../src/domain/alert-rules.ts';
import { DEFAULT_POLICY } from '../../src/domain/policy.ts';
import type { Settings } from '../../src/domain/settings.ts';
import { loadRunbooks } from '../../src/runbooks/load.ts';
import { loadSteps } from '../../src/runbooks/step.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { RUNBOOKS } from '../../src/version.ts';
import { createTestDatabase } from './database.ts';

export interface TestApp {
  readonly store: Store;
  readonly app: App;
  readonly dispatch: Dispatch;
  /** Types a line as a person in a channel; answers what they get. */
  ask(actor: string, text: string, channelId?: string): Promise<Reply>;
  /** The same, and only what they read. */
  say(actor: string, text: string, channelId?: string): Promise<string>;
  at(time: Date): void;
  close(): Promise<void>;
}

export const PEOPLE = {
  oncall: 'U0000ONCALL',
  commander: 'U0COMMANDER',
  dba: 'U00000000DBA',
  viewer: 'U0000VIEWER',
};

export const testSettings = (more: Partial<Settings> = {}): Settings => ({
  ...DEFAULT_POLICY,
  command: '/incident',
  timezone: 'UTC',
  incidentsChannel: 'C000INCIDENTS',
  permissions: {
    declare: [PEOPLE.oncall, PEOPLE.commander, PEOPLE.dba],
    respond: [PEOPLE.oncall, PEOPLE.commander, PEOPLE.dba],
    dangerous: [PEOPLE.oncall, PEOPLE.dba],
    approve: [PEOPLE.dba],
    private: undefined,
  },
  teams: {
    database: {
      name: 'database',
      levels: [{ onCall: [{ kind: 'user', id: PEOPLE.dba }], waitSeconds: 300 }],
      rotations: {},
      ways: [],
    },
  },
  phones: {},
  services: {},
  targets: {},
  alerts: DEFAULT_ALERT_POLICY,
  breaker: { dangerousPerHour: 10 },
  ...more,
});

/** A Slack in which all are full members, and nobody is in a group or a channel. */
export const everybody: Directory = {
  standing: () => Promise.resolve('member'),
  groupMembers: () => Promise.resolve([]),
  channelMembers: () => Promise.resolve([]),
  userByEmail: () => Promise.resolve(undefined),
};

export async function createTestApp(
  options: { settings?: Settings; directory?: Directory } = {},
): Promise<TestApp> {
  const database = await createTestDatabase();
  const store = openStore(database.url);
  let time = new Date('2026-06-03T10:00:00Z');
  const now = (): Date => time;
  const { settings = testSettings(), directory = everybody } = options;
  const runbooks = await loadRunbooks(RUNBOOKS, await loadSteps());
  const checks = await loadChecks();
  const app = createApp({ store, settings, directory, now, runbooks, checks, generatedBy: 'Firebreak test' });
  const dispatch = createDispatch({ app, directory, commands: await loadCommands() });
  const ask = (actor: string, text: string, channelId?: string): Promise<Reply> =>
    dispatch({ text, actor, receivedAt: time, ...(channelId ? { channelId } : {}) });
  return {
    store,
    app,
    dispatch,
    ask,
    say: async (actor, text, channelId) => (await ask(actor, text, channelId)).text,
    at: (next) => {
      time = next;
    },
    async close() {
      await store.close();
      await database.drop();
    },
  };
}
