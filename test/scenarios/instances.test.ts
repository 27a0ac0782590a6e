/** Several instances on one store, killed, frozen and woken in turn: nothing is done twice, nothing is left lying. */
import { type Answered, openWorld, type World } from '../slack/support.ts';
import { openBalancer } from '../support/balancer.ts';
import { eventually } from '../support/eventually.ts';
import { type BotProcess, type Bots, botsOf } from './bot.ts';

const LONG_MS = 120_000;
/** What a killed one held is adopted at once; a frozen one is cut off after 10 s. On a busy machine all takes longer. */
const ADOPTED = { within: 30_000 };
const CHANNEL = 'inc-1-orders-are-down';

/** Says a word, lets time pass, and so on: whoever holds the run is found out by who is frozen. */
const PACED = `name: paced
title: Paced
summary: Says a word, waits, says the next.
steps:
${[1, 2, 3, 4, 5]
  .flatMap((step) => [
    `  - { name: say ${step}, kind: message, with: { text: "word ${step} of five" } }`,
    `  - { name: wait ${step}, kind: wait, with: { for: 3s } }`,
  ])
  .join('\n')}
`;

let world: World;
let bots: Bots;
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  await bots.close();
  await Promise.all(closing.splice(0).map((close) => close()));
  await world.close();
}, LONG_MS);

/** A run belongs to a target; this one asks it nothing. */
const target = () => ({
  urls: { diag: world.database.url, act: world.database.url, owner: world.database.url },
});

interface Said {
  readonly text: string;
  readonly accepted: boolean;
}

/** A line is accepted when the bot acked it in time; Slack tells the person where it did not. */
async function say(text: string, channel = CHANNEL): Promise<Said> {
  const answer = await world.control<Answered>('POST', 'commands', {
    user: 'commander',
    channel,
    text: `/incident ${text}`,
  });
  return { text, accepted: answer.ack_ms !== null };
}

const texts = async (channel = CHANNEL): Promise<readonly string[]> =>
  (await world.messages(channel)).map(({ text }) => text);

const times = (all: readonly string[], words: string): number =>
  all.filter((text) => text.includes(words)).length;

async function settled(): Promise<void> {
  await eventually(
    async () => {
      const { rows } = await world.store.query<{ left: number }>(
        `select (select count(*) from outbox where state = 'pending')
                + (select count(*) from inbox where state = 'received')
                + (select count(*) from runs where ended_at is null) as left`,
      );
      return Number(rows[0]?.left) === 0;
    },
    { within: 45_000 },
  );
}

/** Lines whose words are found again, said one after the other until told to stop. */
function talk(): Talk {
  const said: Said[] = [];
  const over = new AbortController();
  const talking = (async () => {
    for (let line = 1; !over.signal.aborted; line += 1) said.push(await say(`note remark-${line}-here`));
  })();
  return {
    said,
    async stop() {
      over.abort();
      await talking;
    },
  };
}

interface Talk {
  readonly said: readonly Said[];
  stop(): Promise<void>;
}

/** Until the run has gone on without it, and Slack has given up a line that it was sent. */
async function frozen(bot: BotProcess, { said }: Talk, word: string): Promise<void> {
  const before = said.length;
  bot.freeze();
  await eventually(async () => times(await texts(), word) > 0, { within: 30_000 });
  await eventually(() => said.slice(before).some(({ accepted }) => !accepted), { within: 30_000 });
  bot.wake();
}

async function timeline(): Promise<readonly string[]> {
  const { rows } = await world.store.query<{ text: string }>(
    `select coalesce(content->>'text', '') as text from timeline_contents`,
  );
  return rows.map(({ text }) => text);
}

/** Kills, freezes and wakes one after the other, while people talk and a run goes on. */
async function inTurn(first: BotProcess, second: BotProcess): Promise<readonly Said[]> {
  await say('declare sev1 orders are down', 'incidents');
  await eventually(async () => (await texts()).length > 0, ADOPTED);
  await say('run paced');
  const talking = talk();
  await eventually(async () => times(await texts(), 'word 1 of five') > 0, ADOPTED);
  await first.kill();
  await eventually(async () => times(await texts(), 'word 2 of five') > 0, ADOPTED);
  const third = await bots.start();
  await frozen(second, talking, 'word 3 of five');
  await eventually(async () => times(await texts(), 'word 4 of five') > 0, ADOPTED);
  await frozen(third, talking, 'word 5 of five');
  await talking.stop();
  await eventually(async () => (await fetch(`${third.url}/healthz`)).ok);
  await settled();
  return talking.said;
}

async function expectOnce(said: readonly Said[]): Promise<void> {
  const all = await texts();
  for (const word of [1, 2, 3, 4, 5]) expect([word, times(all, `word ${word} of five`)]).toEqual([word, 1]);
  expect(times(all, 'Incident 1: ')).toBe(1);
  const recorded = await timeline();
  const found = said.map(({ text, accepted }) => {
    const entries = times(recorded, text.replace('note ', ''));
    return { text, accepted, entries };
  });
  expect(found.filter((line) => line.entries > 1 || (line.accepted && line.entries === 0))).toEqual([]);
  expect(said.filter(({ accepted }) => accepted).length).toBeGreaterThan(5);
}

test(
  'over Socket Mode, three',
  async () => {
    world = await openWorld();
    bots = await botsOf(world, { shop: target(), runbooks: { 'paced.yml': PACED } });
    const [first, second] = [await bots.start(), await bots.start(), await bots.start()];
    await expectOnce(await inTurn(first, second));
  },
  LONG_MS,
);

test(
  'over HTTP, two behind a balancer',
  async () => {
    world = await openWorld();
    bots = await botsOf(world, { mode: 'http', shop: target(), runbooks: { 'paced.yml': PACED } });
    const inner = bots;
    const balancer = await openBalancer();
    closing.push(() => balancer.close());
    bots = {
      dir: inner.dir,
      close: () => inner.close(),
      start: async () => {
        const bot = await inner.start();
        balancer.add(bot.url);
        return bot;
      },
    };
    world.slack.deliverTo(balancer.url);
    const [first, second] = [await bots.start(), await bots.start()];
    await expectOnce(await inTurn(first, second));
  },
  LONG_MS,
);
