/** The whole bot on a world's Slack and store: real app, verbs, Bolt and jobs; only time is the test's. */
import type { App } from '../../src/app/app.ts';
import { createApp } from '../../src/app/create.ts';
import { createDispatch, type Dispatch } from '../../src/app/dispatch.ts';
import { loadCommands } from '../../src/app/load-commands.ts';
import type { Settings } from '../../src/domain/settings.ts';
import { assembleJobs, type JobsParts } from '../../src/jobs/assemble.ts';
import { type AdvanceableClock, advanceableClock } from '../../src/jobs/clock.ts';
import type { Worker } from '../../src/jobs/crew.ts';
import { silentLogger } from '../../src/log.ts';
import type { Slack } from '../../src/slack/bolt.ts';
import { createDirectory } from '../../src/slack/directory.ts';
import { createTwinSweep } from '../../src/slack/perform/twins.ts';
import { createPerform } from '../../src/slack/perform.ts';
import { createReader } from '../../src/slack/reader.ts';
import { receive } from '../../src/store/inbox.ts';
import type { Store } from '../../src/store/store.ts';
import { testSettings } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { startBot, type World } from './support.ts';

export interface Firebreak {
  readonly app: App;
  readonly dispatch: Dispatch;
  readonly slack: Slack;
  readonly clock: AdvanceableClock;
  /** Changes what the next act sees of firebreak.yml. */
  permit(permissions: Partial<Settings['permissions']>): void;
  /** Types a line in Slack; answers all that the person then sees. */
  type(user: string, text: string, channel?: string): Promise<Said>;
  /** Declares an incident and waits for its channel. */
  declared(title?: string, line?: string): Promise<{ readonly id: number; readonly channel: string }>;
  /** Waits until nothing is left to be sent. */
  settled(): Promise<void>;
  /** Has it delivered as if a crash had lost it, and replays it. */
  lost(
    kind: Parameters<typeof receive>[1]['kind'],
    key: string,
    payload: Record<string, unknown>,
  ): Promise<void>;
  stop(): Promise<void>;
}

export interface Said {
  readonly ack_ms: number | null;
  readonly responses: readonly {
    readonly kind: string;
    readonly text?: string;
    readonly blocks?: readonly Record<string, unknown>[];
    readonly errors?: Readonly<Record<string, string>>;
    readonly view?: { readonly id: string; readonly callback_id: string };
  }[];
}

const noRuns: Worker = {
  name: 'runs',
  concurrency: 1,
  due: () => Promise.resolve([]),
  work: () => Promise.resolve(),
};

export const textsOf = ({ responses }: Said): string => responses.map(({ text }) => text ?? '').join('\n');

export const usersOf = ({ slack }: World, ...names: readonly string[]): readonly string[] =>
  names.map((name) => slack.users[name] ?? name);

/** Named as in the sandbox: `viewer` only reads, `dba` approves. */
const settingsOf = (world: World, more: Partial<Settings> = {}): Settings =>
  testSettings({
    incidentsChannel: world.slack.channels['incidents'] ?? '',
    permissions: {
      declare: usersOf(world, 'oncall', 'commander', 'dba', 'support'),
      respond: usersOf(world, 'oncall', 'commander', 'dba', 'support'),
      dangerous: usersOf(world, 'oncall', 'commander', 'dba'),
      approve: usersOf(world, 'dba'),
      private: undefined,
    },
    teams: {
      database: {
        name: 'database',
        levels: usersOf(world, 'dba', 'commander').map((id) => ({
          onCall: [{ kind: 'user', id }],
          waitSeconds: 300,
        })),
        rotations: {},
        ways: [],
      },
    },
    ...more,
  });

export interface FirebreakWishes {
  /** None unless given. */
  readonly runbooks?: App['runbooks'];
  readonly settings?: Partial<Settings>;
  readonly page?: JobsParts['page'];
  readonly clock?: AdvanceableClock;
  /** Another instance works on the same world with a store of its own. */
  readonly store?: Store;
  /** Without them what is decided stays in the outbox. */
  readonly jobs?: boolean;
}

export async function startFirebreak(world: World, wishes: FirebreakWishes = {}): Promise<Firebreak> {
  const { client, identity } = world;
  const { clock = advanceableClock(), store = world.store } = wishes;
  const now = (): Date => clock.now();
  const settings = settingsOf(world, wishes.settings);
  const directory = createDirectory(client, identity, now);
  const app = createApp({
    store,
    settings,
    directory,
    now,
    runbooks: wishes.runbooks ?? new Map(),
    generatedBy: 'Firebreak test',
  });
  const dispatch = createDispatch({ app, directory, commands: await loadCommands() });
  const slack = await startBot(world, { app, dispatch, store, now });
  const talk = { client, identity, store, app, log: silentLogger, now };
  const jobs = assembleJobs({
    store,
    clock,
    log: silentLogger,
    app,
    perform: createPerform(talk),
    sweep: createTwinSweep(talk),
    page: wishes.page ?? (() => Promise.resolve({ kind: 'sent' })),
    track: () => Promise.resolve({ kind: 'sent' }),
    directory,
    reader: createReader(client, identity),
    connected: () => slack.connected(),
    replay: { isDue: () => false, work: () => Promise.resolve() },
    watched: [],
    history: () => Promise.resolve(undefined),
    journals: new Map(),
    runs: noRuns,
  });
  if (wishes.jobs !== false) jobs.start();
  const settled = async (): Promise<void> => {
    await eventually(async () => {
      const { rows } = await store.query(
        `select lane, effect ->> 'kind' as kind, error from outbox where state = 'pending'`,
      );
      if (rows.length > 0) throw new Error(JSON.stringify(rows));
      return true;
    });
  };
  return {
    app,
    dispatch,
    slack,
    clock,
    permit: (permissions) =>
      void Object.assign(settings, { permissions: { ...settings.permissions, ...permissions } }),
    type: (user, text, channel = 'general') =>
      world.control('POST', 'commands', { user, channel, text: `/incident ${text}` }),
    async declared(title = 'order status page is down', line = 'declare sev2') {
      const [by = ''] = usersOf(world, 'oncall');
      const { text } = await dispatch({ text: `${line} ${title}`, actor: by, receivedAt: now() });
      const [, number] = /(?:incident|Drill) (\d+)/i.exec(text) ?? [];
      if (number === undefined) throw new Error(text);
      const id = Number(number);
      await settled();
      return { id, channel: (await app.incident(id))?.channelId ?? '' };
    },
    settled,
    async lost(kind, key, payload) {
      await receive(store, { key, kind, payload, receivedAt: new Date(now().getTime() - 20_000) });
      await slack.replay.work();
      await slack.replay.work();
    },
    async stop() {
      await jobs.stop();
      await slack.stop();
    },
  };
}
