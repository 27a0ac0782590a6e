/** The bot as a process that is told to stop while it works: what is begun is finished, the rest is the next one's. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { actorsOf, buttonsIn } from '../../sandbox/story/actors.ts';
import { type Answered, openWorld, type World } from '../slack/support.ts';
import { eventually } from '../support/eventually.ts';
import { type BotProcess, type Bots, botsOf } from './bot.ts';

const CHANNEL = 'inc-1-orders-are-down';
/** On a busy machine all takes longer. */
const PATIENT = { within: 30_000 };

/** Answers nothing before it is told to. */
interface Desk {
  readonly url: string;
  /** All that was asked until now. */
  readonly asked: readonly string[];
  answer(): void;
  close(): Promise<void>;
}

async function openDesk(): Promise<Desk> {
  const asked: string[] = [];
  const waiting = new Set<ServerResponse>();
  const server = createServer(({ method = '', url = '' }, response) => {
    asked.push(`${method} ${url}`);
    waiting.add(response);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    answer() {
      for (const response of waiting) response.end('ok');
      waiting.clear();
    },
    close: () =>
      new Promise((closed) => {
        server.closeAllConnections();
        server.close(() => closed());
      }),
  };
}

const runbook = ({ url }: Desk): string => `name: three-requests
title: Three requests
summary: A look, a change, a look.
steps:
  - { name: look, kind: http, with: { url: ${url}/look } }
  - { name: send, kind: http, with: { method: POST, url: ${url}/send, body: { done: yes } } }
  - { name: see, kind: http, with: { url: ${url}/see } }
  - { name: end, kind: probe, with: { url: ${url}/end } }
`;

let world: World;
let desk: Desk;
let bots: Bots;

beforeAll(async () => {
  world = await openWorld();
  desk = await openDesk();
  const { url } = world.database;
  bots = await botsOf(world, {
    // A run belongs to a target; this one asks it nothing.
    shop: { urls: { diag: url, act: url, owner: url } },
    runbooks: { 'three-requests.yml': runbook(desk) },
  });
});
afterAll(async () => {
  await bots.close();
  await desk.close();
  await world.close();
});

const say = (text: string, channel = CHANNEL): Promise<Answered> =>
  world.control('POST', 'commands', { user: 'commander', channel, text: `/incident ${text}` });

const wasAsked = (line: string): Promise<boolean> => eventually(() => desk.asked.includes(line), PATIENT);

const steps = async (): Promise<readonly string[]> => {
  const { rows } = await world.store.query<{ state: string }>('select state from run_steps order by index');
  return rows.map(({ state }) => state);
};

/** Resolves when it knows; `code`: with what it ended. */
async function toldToStop(bot: BotProcess): Promise<{ readonly code: Promise<number | null> }> {
  const code = bot.stop();
  await eventually(() => bot.said().includes('stopping: '), PATIENT);
  return { code };
}

/** Until it is released the bot can write nothing about the incident. */
async function holdIncident(): Promise<{ release(): Promise<void> }> {
  const client = new pg.Client({ connectionString: world.database.url });
  await client.connect();
  await client.query('begin');
  await client.query('select from incidents where id = 1 for update');
  return { release: () => client.end() };
}

async function isBegun(text: string): Promise<boolean> {
  const { rows } = await world.store.query(
    `select from inbox, pg_locks where payload ->> 'text' = $1 and state = 'received' and not granted`,
    [text],
  );
  return rows.length > 0;
}

async function notes(text: string): Promise<number> {
  const { rows } = await world.store.query(`select from timeline_contents where content ->> 'text' = $1`, [
    text,
  ]);
  return rows.length;
}

async function approve(): Promise<void> {
  const button = await eventually(
    async () =>
      buttonsIn(await actorsOf(world.slack.url).state(), (name) => name === CHANNEL).find(
        ({ actionId }) => actionId === 'approval:approved',
      ),
    PATIENT,
  );
  const { channel, ts, actionId, value } = button;
  await world.control('POST', 'actions', { user: 'dba', channel, ts, action_id: actionId, value });
}

it('finishes what it has begun, leaves the rest to the next process, and is ended sooner when told again', async () => {
  const first = await bots.start();
  await say('declare sev1 orders are down', 'incidents');
  await eventually(async () => (await world.messages(CHANNEL)).length > 0, PATIENT);
  await say('run three-requests');
  await wasAsked('GET /look');
  const hold = await holdIncident();
  const said = say('note it began at noon');
  await eventually(() => isBegun('note it began at noon'), PATIENT);
  const stopped = await toldToStop(first);
  await hold.release();
  const { ack_ms, responses } = await said;
  desk.answer();
  expect(await stopped.code).toBe(0);
  expect(ack_ms).not.toBeNull();
  expect(responses.filter(({ kind }) => kind !== 'message').map(({ text }) => text)).toEqual([
    expect.stringMatching(/noted/i),
  ]);
  expect(await notes('it began at noon')).toBe(1);
  expect(await steps()).toEqual(['done', 'pending', 'pending', 'pending']);

  const second = await bots.start();
  await approve();
  await wasAsked('POST /send');
  // As npm does with the terminal's Ctrl-C: twice at once is one press.
  void second.stop();
  const again = await toldToStop(second);
  desk.answer();
  expect(await again.code).toBe(0);
  expect(await steps()).toEqual(['done', 'done', 'pending', 'pending']);

  const third = await bots.start();
  await wasAsked('GET /see');
  const impatient = await toldToStop(third);
  let isOver = false;
  void impatient.code.then(() => {
    isOver = true;
  });
  // What comes within a second of the first is taken for the same press of Ctrl-C.
  await eventually(
    () => {
      if (!isOver) void third.stop();
      return isOver;
    },
    { every: 250, ...PATIENT },
  );
  expect(await impatient.code).toBe(130);
  expect(await steps()).toEqual(['done', 'done', 'running', 'pending']);
  expect(desk.asked).toEqual(['GET /look', 'POST /send', 'GET /see']);
  expect(await notes('it began at noon')).toBe(1);
}, 120_000);
