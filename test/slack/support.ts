/** A real local Slack with a real store; the app and the dispatcher are small objects that a test makes. */

import { fileURLToPath } from 'node:url';
import { type LocalSlack, startLocalSlack } from '../../sandbox/server/main.ts';
import type { App } from '../../src/app/app.ts';
import type { Dispatch, Line } from '../../src/app/dispatch.ts';
import { endUndone } from '../../src/app/not-done.ts';
import { isUnanswerable } from '../../src/app/said-at.ts';
import { DEFAULT_ALERT_POLICY } from '../../src/domain/alert-rules.ts';
import type { Escalation, Incident, Page } from '../../src/domain/incident.ts';
import { DEFAULT_POLICY } from '../../src/domain/policy.ts';
import type { IncidentRecord, Proposal } from '../../src/domain/record.ts';
import { NO_REMINDERS } from '../../src/domain/reminders.ts';
import type { Run } from '../../src/domain/run.ts';
import { silentLogger } from '../../src/log.ts';
import { createSlack, type Slack } from '../../src/slack/bolt.ts';
import { createClient, createIdentity, type WhoAmI } from '../../src/slack/client.ts';
import { createDirectory } from '../../src/slack/directory.ts';
import { settle } from '../../src/store/inbox.ts';
import type { Spool } from '../../src/store/spool.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { controlOf } from '../support/control.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

export interface World {
  readonly slack: LocalSlack;
  readonly database: TestDatabase;
  readonly store: Store;
  readonly client: ReturnType<typeof createClient>;
  readonly identity: WhoAmI;
  /** A request to the control surface; answers with its JSON. */
  control<T = unknown>(method: string, path: string, body?: unknown): Promise<T>;
  messages(channel: string): Promise<readonly ShownMessage[]>;
  fault(fault: Readonly<Record<string, unknown>>): Promise<void>;
  close(): Promise<void>;
}

interface ShownMessage {
  readonly ts: string;
  readonly text: string;
  readonly blocks?: readonly unknown[];
  readonly files?: readonly { readonly name: string; readonly title: string }[];
}

export interface Answered {
  readonly ack_ms: number | null;
  readonly responses: readonly { readonly kind: string; readonly text?: string }[];
}

/** `quietMs`: how long nothing new must come before an answer is whole. */
export async function openWorld(options: { readonly quietMs?: number } = {}): Promise<World> {
  const database = await createTestDatabase();
  const store = openStore(database.url);
  const slack = await startLocalSlack({
    manifestPath: fileURLToPath(new URL('../../manifest.yml', import.meta.url)),
    ...options,
  });
  const control = controlOf(slack.url);
  const client = createClient({ token: slack.botToken, apiUrl: `${slack.url}/api/` }, silentLogger);
  return {
    slack,
    database,
    store,
    control,
    client,
    identity: createIdentity(client),
    async messages(channel) {
      const { channels } = await control<{
        channels: { id: string; name: string; messages: ShownMessage[] }[];
      }>('GET', 'state');
      return channels.find(({ id, name }) => id === channel || name === channel)?.messages ?? [];
    },
    async fault(fault) {
      await control('POST', 'faults', { times: 1, effect: 'before', ...fault });
    },
    async close() {
      await slack.stop();
      await store.close();
      await database.drop();
    },
  };
}

/** An app that knows nothing but what the test gives it. */
export function appWith(
  parts: Partial<App> & {
    incidents?: never;
    known?: {
      incidents?: readonly Incident[];
      runs?: readonly Run[];
      proposals?: readonly Proposal[];
      record?: IncidentRecord;
    };
    incidentsChannel?: string;
  } = {},
): App {
  const { known = {}, incidentsChannel = 'C0', ...given } = parts;
  const app: Partial<App> = {
    settings: {
      ...DEFAULT_POLICY,
      command: '/incident',
      timezone: 'UTC',
      incidentsChannel,
      permissions: {
        declare: undefined,
        respond: undefined,
        dangerous: undefined,
        approve: undefined,
        private: undefined,
      },
      teams: {},
      services: {},
      targets: {},
      alerts: DEFAULT_ALERT_POLICY,
      breaker: { dangerousPerHour: 10 },
    },
    now: () => new Date(),
    meet: () => Promise.resolve(),
    settle: () => Promise.resolve(),
    incidentOfChannel: () => Promise.resolve(undefined),
    incident: (id) => Promise.resolve(known.incidents?.find((each) => each.id === id)),
    run: (id) => Promise.resolve(known.runs?.find((each) => each.id === id)),
    proposal: (id) => Promise.resolve(known.proposals?.find((each) => each.id === id)),
    alertsOf: () => Promise.resolve({ firing: 1, resolved: 0, alerts: [] }),
    attachable: () => Promise.resolve([]),
    record: () => Promise.resolve(known.record),
    ...given,
  };
  return app as App;
}

export const dispatchWith = (
  answer: (line: Line) => Promise<string> | string,
  isDangerous: (text: string) => boolean = () => false,
): Dispatch => Object.assign(async (line: Line) => ({ text: await answer(line) }), { isDangerous });

/** Ends what it answers, as the real one does. The answer to a form, or to what was said long ago, stands for a refusal here. */
const ending = (dispatch: Dispatch, { store }: World, now: () => Date): Dispatch =>
  Object.assign(
    async (line: Line) => {
      const reply = await dispatch(line);
      const isLeft = line.byForm || isUnanswerable(line.receivedAt, now());
      if (line.inboxKey !== undefined && !isLeft) await settle(store, line.inboxKey, 'done', now());
      return reply;
    },
    { isDangerous: (text: string) => dispatch.isDangerous(text) },
  );

/** The bot, connected to the world's Slack. */
export async function startBot(
  world: World,
  parts: {
    app?: App;
    dispatch?: Dispatch;
    store?: Pick<Store, 'inbox'>;
    spool?: Spool;
    now?: () => Date;
  } = {},
): Promise<Slack> {
  const { slack, client, identity, store } = world;
  const now = parts.now ?? (() => new Date());
  const bot = createSlack({
    client,
    identity,
    link: { kind: 'socket', appToken: slack.appToken },
    apiUrl: `${slack.url}/api/`,
    command: '/incident',
    store: parts.store ?? store,
    ...(parts.spool ? { spool: parts.spool } : {}),
    app: parts.app ?? appWith({ endUndone: (what) => endUndone(world.store, what, new Date()) }),
    dispatch: ending(parts.dispatch ?? dispatchWith(() => 'ok'), world, now),
    directory: createDirectory(client, identity),
    log: silentLogger,
    now,
  });
  await bot.start();
  return bot;
}

/** What a person is to be told by a direct message, as it waits to be sent. */
export const toldTo = async ({ store, slack }: World, user: string): Promise<readonly string[]> =>
  (
    await store.query<{ text: string }>(
      `select effect ->> 'text' as text from outbox where lane = $1 and effect ->> 'kind' = 'say' order by id`,
      [`user:${slack.users[user] ?? user}`],
    )
  ).rows.map(({ text }) => text);

export const inboxRows = async ({
  store,
}: Pick<World, 'store'>): Promise<
  readonly { key: string; kind: string; state: string; payload: Record<string, unknown> }[]
> =>
  (
    await store.query<{ key: string; kind: string; state: string; payload: Record<string, unknown> }>(
      'select key, kind, state, payload from inbox order by received_at',
    )
  ).rows;

const AT = new Date('2026-11-22T14:00:00Z');

export const anIncident = (change: Partial<Incident> = {}): Incident => ({
  id: 7,
  kind: 'incident',
  private: false,
  title: 'Order status page is down',
  severity: 'sev2',
  status: 'investigating',
  statusSince: AT,
  declaredBy: 'U000ONCALL',
  declaredAt: AT,
  accounts: {},
  roles: {},
  milestones: { declared: { at: AT, by: 'U000ONCALL', recordedAt: AT, earlier: [] } },
  actionItems: [],
  escalations: [],
  pages: [],
  leftOut: [],
  reminders: NO_REMINDERS,
  ...change,
});

export const anEscalation = (change: Partial<Escalation> = {}): Escalation => ({
  number: 1,
  team: 'database',
  requestedBy: 'U000ONCALL',
  at: AT,
  level: 1,
  levelAt: AT,
  waitSeconds: 300,
  ways: [],
  state: 'paging',
  ...change,
});

export const aPage = (change: Partial<Page> = {}): Page => ({
  number: 1,
  escalation: 1,
  level: 1,
  team: 'database',
  user: 'U00000000DBA',
  requestedBy: 'U000ONCALL',
  at: AT,
  ...change,
});

export const aRecord = (incident: Incident, runs: readonly Run[] = []): IncidentRecord => ({
  incident,
  timeline: [],
  runs,
  proposals: [],
  holds: [],
  changes: [],
  alerts: [],
  parts: [],
  people: {},
  headHash: '',
});
