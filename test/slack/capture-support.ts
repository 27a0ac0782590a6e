/** The bot with its real app and store, and an incident whose channel people talk in. */
import type { Directory } from '../../src/app/app.ts';
import { createApp } from '../../src/app/create.ts';
import { createDispatch } from '../../src/app/dispatch.ts';
import { loadCommands } from '../../src/app/load-commands.ts';
import type { TimelineEntry } from '../../src/domain/entry.ts';
import { type Row, rowsOf } from '../../src/domain/timeline.ts';
import { capturesWorker } from '../../src/jobs/captures.ts';
import { catchUpWorker } from '../../src/jobs/catch-up.ts';
import { createDrain } from '../../src/jobs/drain.ts';
import { openLeases } from '../../src/jobs/lease.ts';
import { silentLogger } from '../../src/log.ts';
import { createSlack, type Slack } from '../../src/slack/bolt.ts';
import { createDirectory } from '../../src/slack/directory.ts';
import { createReader } from '../../src/slack/reader.ts';
import { setChannel } from '../../src/store/incidents.ts';
import { loadTimeline } from '../../src/store/timeline.ts';
import { testSettings } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { openWorld, type World } from './support.ts';

export interface CaptureWorld extends World {
  readonly incident: number;
  /** The incident's channel. */
  readonly channel: string;
  readonly app: ReturnType<typeof createApp>;
  readonly directory: { -readonly [K in keyof Directory]: Directory[K] };
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Time passes, for Slack and for the bot. */
  pass(ms: number): Promise<void>;
  /** Waits for what is tried every two seconds and later again: a second passes with each look. */
  readonly inTime: typeof eventually;
  /** Has the workers work; answers what stops them. */
  work(): () => Promise<void>;
  /** Another incident, with a channel of its own. */
  anotherIncident(): Promise<{ readonly incident: number; readonly channel: string }>;
  post(user: string, text: string, more?: Record<string, unknown>): Promise<string>;
  edit(user: string, ts: string, text: string): Promise<void>;
  remove(user: string, ts: string): Promise<void>;
  mark(how: Mark, user: string, ts: string): Promise<void>;
  unmark(how: Mark, user: string, ts: string): Promise<void>;
  /** All that Slack delivered is done with. */
  settled(): Promise<void>;
  timeline(): Promise<readonly TimelineEntry[]>;
  /** Rows of messages, as people read them. */
  rows(): Promise<readonly Row[]>;
  rowOf(ts: string): Promise<Row | undefined>;
}

export type Mark = 'reaction' | 'pin' | 'shortcut' | 'mention';

export async function openCaptureWorld(): Promise<CaptureWorld> {
  let ahead = 0;
  const now = (): Date => new Date(Date.now() + ahead);
  const world = await openWorld();
  const { slack, client, identity, store } = world;
  const control: World['control'] = (...call) => world.control(...call);
  const id = (name: string): string => slack.users[name] ?? name;
  const responders = ['oncall', 'commander', 'dba'].map(id);
  const { permissions } = testSettings();
  const settings = testSettings({
    permissions: { ...permissions, declare: undefined, respond: responders },
  });
  const directory = createDirectory(client, identity);
  const app = createApp({ store, settings, directory, now, runbooks: new Map(), generatedBy: 'test' });
  const dispatch = createDispatch({ app, directory, commands: await loadCommands() });
  let bot: Slack | undefined;
  let count = 0;
  const anotherIncident = async (): Promise<{ incident: number; channel: string }> => {
    count += 1;
    const title = `outage number ${count} ${'abcdefghij'.charAt(count % 10).repeat(8)}`;
    const done = await app.declare({ by: id('oncall'), title, severity: 'sev2', anyway: true });
    if (!done.ok) throw new Error(JSON.stringify(done));
    const { channel } = await client.conversations.create({ name: `inc-test-${count}` });
    const channelId = channel?.id ?? '';
    const users = ['oncall', 'commander', 'dba', 'support', 'viewer'].map(id).join(',');
    await client.conversations.invite({ channel: channelId, users });
    await setChannel(store, done.incident.id, channelId);
    return { incident: done.incident.id, channel: channelId };
  };
  const { incident, channel } = await anotherIncident();
  const timeline = (): Promise<readonly TimelineEntry[]> => loadTimeline(store, incident);
  const rows = async (): Promise<readonly Row[]> =>
    rowsOf(await timeline()).filter(({ kind }) => kind === 'message');
  const marks: Readonly<Record<Mark, (user: string, ts: string) => Promise<unknown>>> = {
    reaction: (user, ts) => control('POST', 'reactions', { user, channel, ts, name: 'pushpin' }),
    pin: (user, ts) => control('POST', 'pins', { user, channel, ts }),
    shortcut: (user, ts) =>
      control('POST', 'shortcuts', { user, channel, ts, callback_id: 'add_to_timeline' }),
    mention: (user, ts) =>
      control('POST', 'messages', { user, channel, thread_ts: ts, text: '@firebreak note' }),
  };
  const pass = async (ms: number): Promise<void> => {
    ahead += ms;
    await control('POST', 'clock', { advance_ms: ms });
  };
  return {
    ...world,
    incident,
    channel,
    app,
    directory,
    anotherIncident,
    pass,
    inTime: (read, patience) =>
      eventually(async () => {
        const found = await read();
        if (!found) await pass(1000);
        return found;
      }, patience),
    work() {
      const leases = openLeases(store, silentLogger);
      const parts = { store, settings, directory, reader: createReader(client, identity), clock: { now } };
      const workers = [
        catchUpWorker({ ...parts, connected: () => bot?.connected() ?? false }),
        capturesWorker({ ...parts, log: silentLogger }),
      ];
      const drain = createDrain({ store, leases, log: silentLogger, workers, pollMs: 50 });
      drain.start();
      return async () => {
        await drain.stop();
        await leases.close();
      };
    },
    async start() {
      bot = createSlack({
        client,
        identity,
        link: { kind: 'socket', appToken: slack.appToken },
        apiUrl: `${slack.url}/api/`,
        command: '/incident',
        store,
        app,
        dispatch,
        directory,
        log: silentLogger,
        now,
      });
      await bot.start();
    },
    async stop() {
      await bot?.stop();
      bot = undefined;
    },
    post: async (user, text, more = {}) =>
      (await control<{ ts: string }>('POST', 'messages', { user, channel, text, ...more })).ts,
    edit: async (user, ts, text) => {
      await control('PATCH', `messages/${channel}/${ts}`, { user, text });
    },
    remove: async (user, ts) => {
      await control('DELETE', `messages/${channel}/${ts}`, { user });
    },
    mark: async (how, user, ts) => {
      await marks[how](user, ts);
    },
    unmark: async (how, user, ts) => {
      if (how === 'reaction') await control('DELETE', 'reactions', { user, channel, ts, name: 'pushpin' });
      else await control('DELETE', 'pins', { user, channel, ts });
    },
    async settled() {
      let before = -1;
      await eventually(
        async () => {
          const { rows: found } = await store.query<{ open: number; all: number }>(
            "select count(*) filter (where state = 'received') as open, count(*) as all from inbox",
          );
          const [{ open, all } = { open: 1, all: 0 }] = found;
          // An event is acked once its row is there: what was not acked is on its way still.
          const quiet = slack.unanswered() === 0 && open === 0 && all === before;
          before = all;
          return quiet;
        },
        { every: 60 },
      );
    },
    timeline,
    rows,
    rowOf: async (ts) =>
      (await rows()).find(({ details }) => (details?.['message'] as { ts?: string } | undefined)?.ts === ts),
    async close() {
      await bot?.stop();
      await world.close();
    },
  };
}
