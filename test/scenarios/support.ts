/** The whole bot in the test's own process: a local Slack, a store, a firebreak.yml, and a clock that the test moves. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { type LocalSlack, startLocalSlack } from '../../sandbox/server/main.ts';
import { linesOf } from '../../sandbox/story/actors.ts';
import type { App } from '../../src/app/app.ts';
import { createApp, loadRecord } from '../../src/app/create.ts';
import { loadConfig } from '../../src/config.ts';
import type { IncidentRecord } from '../../src/domain/record.ts';
import type { Settings } from '../../src/domain/settings.ts';
import { type AdvanceableClock, advanceableClock } from '../../src/jobs/clock.ts';
import { silentLogger } from '../../src/log.ts';
import { type Running as Bot, startFirebreak } from '../../src/main.ts';
import { WORK_CHANNEL } from '../../src/store/outbox.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { controlOf } from '../support/control.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';

const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Answers come with the ack or right after it; only forms and messages that follow take longer. */
const QUIET_MS = 80;

type Blocks = readonly unknown[];

export interface Shown {
  readonly ts: string;
  readonly text: string;
  readonly blocks?: Blocks;
  readonly user?: string;
  readonly thread_ts?: string;
}

export interface ShownChannel {
  readonly id: string;
  readonly name: string;
  readonly is_private: boolean;
  readonly is_archived: boolean;
  readonly topic: string;
  readonly member_names: readonly string[];
  readonly messages: readonly Shown[];
  readonly ephemerals: readonly (Shown & { readonly to: string })[];
  readonly pins: readonly { readonly ts: string }[];
  readonly bookmarks: readonly { readonly title: string; readonly link: string }[];
  readonly files: readonly { readonly name: string; readonly content?: string }[];
}

export interface ShownView {
  readonly id: string;
  readonly user: string;
  readonly callback_id: string;
  readonly blocks: Blocks;
}

interface Answered {
  readonly responses: readonly {
    readonly kind: string;
    readonly text?: string;
    readonly errors?: Readonly<Record<string, string>>;
  }[];
}

export interface Call {
  readonly method: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly answer: Readonly<Record<string, unknown>>;
}

/** Ids by name, and what changes the local Slack before the bot is configured for it. */
export interface Place {
  readonly users: Readonly<Record<string, string>>;
  readonly channels: Readonly<Record<string, string>>;
  control<T = unknown>(method: string, path: string, body?: unknown): Promise<T>;
}

export interface RunningOptions {
  /** Parts of firebreak.yml, in place of those that all tests have. */
  readonly config?: (place: Place) => object | Promise<object>;
  readonly env?: Readonly<Record<string, string>>;
  readonly manifestPath?: string;
  /** `/incident` unless told. */
  readonly command?: string;
  /** False: the test starts it, or a process of its own. */
  readonly start?: boolean;
}

export interface Running extends Place {
  readonly slack: LocalSlack;
  readonly database: TestDatabase;
  readonly store: Store;
  readonly clock: AdvanceableClock;
  /** What monitors are given: it asks Slack nothing. */
  readonly app: App;
  /** The path of firebreak.yml. */
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
  /** Types a line after the slash command; answers what that person read. */
  say(user: string, channel: string, line: string): Promise<string>;
  /** Clicks the newest button with this label that the person sees in the channel. */
  click(user: string, channel: string, label: string | RegExp): Promise<string>;
  /** Fills in the form that is open, and sends it off; answers with the errors at its fields. */
  submit(user: string, values: object): Promise<Readonly<Record<string, string>>>;
  form(user: string): Promise<ShownView | undefined>;
  /** Declares by one line, and waits until all that follows was sent. */
  declare(line: string, user?: string): Promise<Declared>;
  channel(name: string): Promise<ShownChannel>;
  /** What stands in a channel, each message with its blocks as text. */
  texts(channel: string): Promise<readonly string[]>;
  whispers(user: string, channel: string): Promise<readonly string[]>;
  home(user: string): Promise<{ readonly id: string; readonly text: string; readonly blocks: Blocks }>;
  calls(method?: string): Promise<readonly Call[]>;
  record(incident: number): Promise<IncidentRecord>;
  /** The timeline as `kind: text`. */
  timeline(incident: number): Promise<readonly string[]>;
  /** Puts all clocks forward, and waits until what is due then was done. */
  advance(ms: number): Promise<void>;
  /** Puts the clocks forward while nobody is at work. */
  advanceAlone(ms: number): Promise<void>;
  /** Waits until nothing is left to be done. */
  settled(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** One more instance on the same store. */
  another(): Promise<Bot>;
  close(): Promise<void>;
}

export interface Declared {
  readonly id: number;
  /** The name of its channel. */
  readonly channel: string;
  readonly said: string;
}

export async function openRunning(options: RunningOptions = {}): Promise<Running> {
  const { command = '/incident', env: more = {} } = options;
  const database = await createTestDatabase();
  const store = openStore(database.url);
  const manifest = fileURLToPath(new URL('../../manifest.yml', import.meta.url));
  const slack = await startLocalSlack({
    manifestPath: options.manifestPath ?? manifest,
    quietMs: QUIET_MS,
  });
  const clock = advanceableClock();
  const control = controlOf(slack.url);
  const place: Place = { users: slack.users, channels: slack.channels, control };
  const dir = await mkdtemp(join(tmpdir(), 'firebreak-running-'));
  const file = join(dir, 'firebreak.yml');
  const config = { ...usualConfig(place, command), ...(await options.config?.(place)) };
  await writeFile(file, stringify(config));
  const env = {
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_APP_TOKEN: slack.appToken,
    SLACK_SIGNING_SECRET: slack.signingSecret,
    SLACK_API_URL: `${slack.url}/api/`,
    DATABASE_URL: database.url,
    FIREBREAK_DATA_DIR: dir,
    ...more,
  };
  const bots = new Set<Bot>();
  const another = async (): Promise<Bot> => {
    const bot = await startFirebreak(loadConfig(file, env), { clock, log: silentLogger });
    const known: Bot = {
      url: bot.url,
      close: async () => {
        if (bots.delete(known)) await bot.close();
      },
    };
    bots.add(known);
    return known;
  };
  const start = async (): Promise<void> => {
    await another();
  };
  const stop = async (): Promise<void> => {
    await Promise.all([...bots].map((bot) => bot.close()));
  };
  if (options.start !== false) await start();
  return {
    ...place,
    ...peopleOf({ control, command, slack }),
    ...recordsOf({ control, store, clock, slack, command }),
    slack,
    database,
    store,
    clock,
    app: appOn(store, clock, loadConfig(file, env).settings),
    file,
    env,
    start,
    stop,
    another,
    async close() {
      await stop();
      await slack.stop();
      await store.close();
      await database.drop();
      await rm(dir, { recursive: true });
    },
  };
}

const appOn = (store: Store, clock: AdvanceableClock, settings: Settings): App => {
  const nobody = (): Promise<never> => Promise.reject(new Error('this app asks Slack nothing'));
  const directory = { standing: nobody, groupMembers: nobody, channelMembers: nobody, userByEmail: nobody };
  const now = (): Date => clock.now();
  return createApp({ store, settings, directory, now, runbooks: new Map(), generatedBy: 'Firebreak test' });
};

const usualConfig = ({ users, channels }: Place, command: string): object => {
  const everybody = ['oncall', 'commander', 'dba', 'support'].map((name) => users[name]);
  return {
    slack: {
      command,
      incidents_channel: channels['incidents'],
      stakeholder_channel: channels['general'],
    },
    http: { listen: '127.0.0.1:0' },
    teams: { database: { on_call: [users['dba']] } },
    permissions: { declare: everybody, respond: everybody, dangerous: everybody, approve: [users['dba']] },
  };
};

type Hands = Pick<Running, 'control' | 'slack'> & { readonly command: string };

interface State {
  readonly channels: readonly ShownChannel[];
  readonly views: readonly ShownView[];
}

function peopleOf({ control, command }: Hands): Pick<Running, 'say' | 'click' | 'submit' | 'form'> {
  const form = async (user: string): Promise<ShownView | undefined> =>
    (await control<State>('GET', `state?as=${user}`)).views.at(-1);
  return {
    form,
    say: async (user, channel, line) =>
      heard(await control('POST', 'commands', { user, channel, text: `${command} ${line}` })),
    async click(user, channel, label) {
      const { channels } = await control<State>('GET', `state?as=${user}`);
      const button = buttonIn(channels, channel, label);
      const { ts, action_id, value } = button;
      return heard(await control('POST', 'actions', { user, channel, ts, action_id, value }));
    },
    async submit(user, values) {
      const view = await eventually(() => form(user));
      const sent = { user, view_id: view.id, values };
      const { responses } = await control<Answered>('POST', 'views/submit', sent);
      return responses.find(({ errors }) => errors)?.errors ?? {};
    },
  };
}

type Parts = Hands & Pick<Running, 'store' | 'clock'>;

function recordsOf(parts: Parts): Omit<Running, keyof Place | keyof ReturnType<typeof peopleOf> | OwnParts> {
  const { control, store, clock } = parts;
  const { say } = peopleOf(parts);
  const channel = async (name: string): Promise<ShownChannel> => {
    const { channels } = await control<State>('GET', 'state');
    const found = channels.find((each) => each.name === name || each.id === name);
    if (!found)
      throw new Error(`there is no channel ${name}: ${channels.map((each) => each.name).join(', ')}`);
    return found;
  };
  const settled = async (): Promise<void> => {
    await eventually(async () => (await workLeft(store, clock.now())) === 0, { within: 15_000 });
  };
  const record = async (incident: number): Promise<IncidentRecord> => {
    const found = await loadRecord(store, incident);
    if (!found) throw new Error(`there is no incident ${incident}`);
    return found;
  };
  const advanceAlone = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await control('POST', 'clock', { advance_ms: ms });
  };
  return {
    channel,
    settled,
    record,
    advanceAlone,
    async declare(line, user = 'oncall') {
      const said = await say(user, 'incidents', line);
      const id = Number(/ncident (\d+)|Drill (\d+)/.exec(said)?.slice(1).find(Boolean));
      if (Number.isNaN(id)) throw new Error(`not declared: ${said}`);
      await settled();
      const { incident } = await record(id);
      return { id, said, channel: (await channel(incident.channelId ?? '')).name };
    },
    texts: async (name) => (await channel(name)).messages.map(textOf),
    async whispers(user, name) {
      const id = parts.slack.users[user] ?? user;
      return (await channel(name)).ephemerals.filter(({ to }) => to === id).map(textOf);
    },
    async home(user) {
      await control('POST', 'home', { user });
      const { homes } = await control<{ homes: { user: string; id: string; blocks: Blocks }[] }>(
        'GET',
        `state?as=${user}`,
      );
      const { id, blocks } = homes[0] ?? { id: '', blocks: [] };
      return { id, blocks, text: textOf({ ts: '', text: '', blocks }) };
    },
    calls: (method) => control('GET', method === undefined ? 'calls' : `calls?method=${method}`),
    timeline: async (incident) =>
      (await record(incident)).timeline.map(({ kind, text }) => `${kind}: ${text ?? ''}`),
    async advance(ms) {
      await advanceAlone(ms);
      await store.query(`select pg_notify('${WORK_CHANNEL}', '')`);
      await settled();
    },
  };
}

type OwnParts =
  | 'slack'
  | 'database'
  | 'store'
  | 'clock'
  | 'app'
  | 'file'
  | 'env'
  | 'start'
  | 'stop'
  | 'another'
  | 'close';

/** What waits to be sent, to be answered, or is due. */
async function workLeft(store: Store, now: Date): Promise<number> {
  const { rows } = await store.query<{ left: number }>(
    `select (select count(*) from outbox where state = 'pending')
          + (select count(*) from inbox where state = 'received')
          + (select count(*) from timers
             where done_at is null and due_at <= $1 and (not_before is null or not_before <= $1))
          + (select count(*) from incidents where remind_at <= $1) as left`,
    [now],
  );
  return Number(rows[0]?.left);
}

const heard = ({ responses }: Answered): string =>
  responses.flatMap(({ kind, text }) => (kind !== 'message' && text ? [text] : [])).join('\n');

/** A message, or a view, as a person reads it: its text and that of its blocks. */
export const textOf = ({ ts, text, blocks = [] }: Shown): string =>
  [text, ...linesOf({ ts, text: '', blocks: [...blocks] })].join('\n');

interface Button {
  readonly ts: string;
  readonly label: string;
  readonly action_id: string;
  readonly value: string;
}

/** The labels of the buttons under a message or in a view. */
export const labelsOf = (shown: Pick<Shown, 'blocks'>): readonly string[] =>
  buttonsOf({ ts: '', ...shown }).map(({ label }) => label);

export function buttonsOf({ ts, blocks = [] }: Pick<Shown, 'ts' | 'blocks'>): readonly Button[] {
  return blocks.flatMap((block) => {
    const { elements = [], accessory } = block as { elements?: unknown[]; accessory?: unknown };
    return [...elements, accessory].flatMap((element) => {
      const { type, text, action_id, value } = (element ?? {}) as Readonly<Record<string, unknown>>;
      if (type !== 'button') return [];
      const label = (text as { text: string }).text;
      return [{ ts, label, action_id: String(action_id), value: String(value) }];
    });
  });
}

function buttonIn(channels: readonly ShownChannel[], name: string, label: string | RegExp): Button {
  const place = channels.find((each) => each.name === name || each.id === name);
  const all = [...(place?.messages ?? []), ...(place?.ephemerals ?? [])].sort(
    (a, b) => Number(b.ts) - Number(a.ts),
  );
  const buttons = all.flatMap(buttonsOf);
  const found = buttons.find((each) =>
    typeof label === 'string' ? each.label === label : label.test(each.label),
  );
  if (!found)
    throw new Error(`no button ${String(label)} in ${name}: ${buttons.map((each) => each.label).join(', ')}`);
  return found;
}
