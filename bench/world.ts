/** What the bot lives in while it is measured: a PostgreSQL that keeps what it commits, the local Slack, a configuration. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type OnClose, openAll } from '../src/closing.ts';
import { startEmbedded } from '../src/store/embedded.ts';
import { openStore, type Store } from '../src/store/store.ts';
import { eventually } from '../test/support/eventually.ts';
import { type Child, startChild } from './child.ts';
import type { Load } from './slack-child.ts';

export interface World {
  readonly folder: string;
  /** A database of the server, made when it is missing; as its superuser. */
  database(name: string): Promise<string>;
  /** Starts one; `quietMs` is how long it waits for more answers to what somebody did. */
  slack(quietMs?: number): Promise<Slack>;
  /** Writes firebreak.yml, and answers where it is and the environment that belongs to it. */
  configure(slack: Slack, more?: Configuration): Promise<Configured>;
  readonly onClose: OnClose;
}

export interface Configuration {
  readonly file?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Configured {
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
  readonly store: Store;
}

export interface Slack {
  readonly url: string;
  readonly botToken: string;
  readonly appToken: string;
  readonly users: Readonly<Record<string, string>>;
  readonly channels: Readonly<Record<string, string>>;
  control<T = unknown>(method: string, path: string, body?: object): Promise<T>;
  /** Types at a steady rate; answers with the milliseconds until each was acked. */
  load(load: Load): Promise<readonly number[]>;
}

export const TOKEN = 'bench-token';
export const RESPONDERS = ['oncall', 'commander', 'dba', 'support'];

/** Takes all of it down again, whatever came of the measurement. */
export async function inWorld<T>(measure: (world: World) => Promise<T>): Promise<T> {
  const world = await openAll(open);
  try {
    return await measure(world);
  } finally {
    await world.close();
  }
}

async function open(onClose: OnClose): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'firebreak-bench-'));
  onClose(() => rm(folder, { recursive: true, force: true }));
  const server = await startEmbedded({ dataDir: folder, temporary: true });
  onClose(() => server.stop());
  const database = async (name: string): Promise<string> => {
    await server.ensureDatabase(name);
    return server.url(name);
  };
  return {
    folder,
    database,
    onClose,
    slack: (quietMs) => openSlack(quietMs, onClose),
    async configure(slack, more = {}) {
      const url = await database('firebreak');
      const file = join(folder, 'firebreak.yml');
      await writeFile(file, stringify({ ...usual(slack), ...more.file }));
      const store = openStore(url);
      onClose(() => store.close());
      return { file, env: { ...environment(slack, url), ...more.env }, store };
    },
  };
}

async function openSlack(quietMs: number | undefined, onClose: OnClose): Promise<Slack> {
  const child: Child = startChild('slack-child');
  onClose(() => child.close());
  const known = await child.ask<Omit<Slack, 'control' | 'load'>>(
    'open',
    quietMs === undefined ? {} : { quietMs },
  );
  return {
    ...known,
    load: (load) => child.ask('load', load),
    async control<T>(method: string, path: string, body?: object) {
      const response = await fetch(`${known.url}/sandbox/${path}`, {
        method,
        ...(body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}),
      });
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
      return (await response.json()) as T;
    },
  };
}

function usual({ users, channels }: Slack): object {
  const everybody = RESPONDERS.map((name) => users[name]);
  return {
    slack: { incidents_channel: channels['incidents'], stakeholder_channel: channels['general'] },
    http: { listen: '127.0.0.1:0' },
    permissions: { declare: everybody, respond: everybody, dangerous: everybody, approve: [users['dba']] },
  };
}

const environment = (
  { url, botToken, appToken }: Slack,
  store: string,
): Readonly<Record<string, string>> => ({
  SLACK_BOT_TOKEN: botToken,
  SLACK_APP_TOKEN: appToken,
  SLACK_API_URL: `${url}/api/`,
  DATABASE_URL: store,
  FIREBREAK_TOKEN: TOKEN,
  LOG_LEVEL: 'info',
});

/** Declares by a line typed in `incidents`; answers its channel, once nothing of it waits to be told. */
export async function declare(slack: Slack, store: Store, line: string): Promise<string> {
  const before = (await newest(store))?.id;
  await slack.control('POST', 'commands', {
    user: 'oncall',
    channel: 'incidents',
    text: `/incident declare ${line}`,
  });
  return eventually(
    async () => {
      const incident = await newest(store);
      return incident && incident.id !== before && (await isSettled(store)) && incident.channel;
    },
    { within: 60_000 },
  );
}

async function newest(store: Store): Promise<{ id: number; channel: string | null } | undefined> {
  const { rows } = await store.query<{ id: number; channel: string | null }>(
    'select id, channel_id as channel from incidents order by id desc limit 1',
  );
  return rows[0];
}

/** Nothing waits to be told, nor lies in the inbox. */
export async function isSettled(store: Store): Promise<boolean> {
  const { rows } = await store.query<{ left: number }>(
    `select (select count(*) from outbox where state = 'pending')
            + (select count(*) from inbox where state = 'received') as left`,
  );
  return rows[0]?.left === 0;
}
