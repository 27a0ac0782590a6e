/** From the line that declares to a channel that can be used, over a network that takes 100 ms for each call. */
import { botsFrom } from '../test/scenarios/bot.ts';
import { eventually } from '../test/support/eventually.ts';
import type { Bench, Figure } from './figure.ts';
import { median } from './percentiles.ts';
import { inWorld, type Slack, type World } from './world.ts';

const LATENCY_MS = 100;
const TIMES = 7;
/** Slack allows 20 new channels a minute. */
const MINUTE_MS = 61_000;

interface Shown {
  readonly channels: readonly {
    readonly name: string;
    readonly member_names: readonly string[];
    readonly messages: readonly { readonly text: string }[];
  }[];
}

export const declaration: Bench = {
  name: 'declare',
  title: 'From the declaration to a channel that can be used',
  about: `Each call to Slack takes ${LATENCY_MS} ms. A channel can be used once it is there and whoever declared is in it; its card
follows. Compared to the two calls that cannot be saved, \`conversations.create\` and \`conversations.invite\`, made bare
one after the other. There is a third call: before anything is made, Slack is asked who declares, so that a right that was taken away
is gone at once. The median of ${TIMES}.`,
  measure: () => inWorld(measured),
};

async function measured(world: World): Promise<readonly Figure[]> {
  const slack = await world.slack();
  const { file, env } = await world.configure(slack);
  const bots = botsFrom(file, env);
  world.onClose(() => bots.close());
  await bots.start();
  await declared(slack, 0);
  await slack.control('POST', 'faults', { kind: 'latency', ms: LATENCY_MS, times: 10_000 });
  const bare: Bare[] = [];
  const usable: number[] = [];
  const card: number[] = [];
  for (let turn = 1; turn <= TIMES; turn += 1) {
    bare.push(await bareCalls(slack, turn));
    const took = await declared(slack, turn);
    usable.push(took.usable);
    card.push(took.card);
    await slack.control('POST', 'clock', { advance_ms: MINUTE_MS });
  }
  const two = median(bare.map(({ making }) => making));
  const three = median(bare.map(({ asking, making }) => asking + making));
  const value = median(usable);
  return [
    {
      name: 'declare to usable channel',
      value,
      unit: 'ms',
      against: { value: two, what: 'for the two bare calls' },
      goals: [{ of: 'ratio', is: 'at most', limit: 1.5 }],
    },
    {
      name: 'declare to usable channel, with who declares',
      value,
      unit: 'ms',
      against: { value: three, what: 'for the three bare calls' },
    },
    {
      name: 'declare to the card in it',
      value: median(card),
      unit: 'ms',
      against: { value: two, what: 'for the two bare calls' },
    },
  ];
}

interface Bare {
  readonly asking: number;
  readonly making: number;
}

/** Milliseconds of the question who somebody is, and of the two calls that make the channel and fill it. */
async function bareCalls({ url, botToken, users }: Slack, turn: number): Promise<Bare> {
  const before = performance.now();
  await call('users.info', { user: users['oncall'] ?? '' });
  const started = performance.now();
  const { channel } = await call<{ channel: { id: string } }>('conversations.create', {
    name: `bare-${turn}`,
  });
  await call('conversations.invite', { channel: channel.id, users: users['oncall'] ?? '' });
  return { asking: started - before, making: performance.now() - started };

  async function call<T>(method: string, given: Readonly<Record<string, string>>): Promise<T> {
    const response = await fetch(`${url}/api/${method}`, {
      method: 'POST',
      body: new URLSearchParams(given),
      headers: { authorization: `Bearer ${botToken}` },
    });
    const answer = (await response.json()) as T & { ok: boolean; error?: string };
    if (!answer.ok) throw new Error(`${method}: ${answer.error ?? ''}`);
    return answer;
  }
}

/** Milliseconds from the line until the channel can be used, and until its card is there. */
async function declared(
  slack: Slack,
  turn: number,
): Promise<{ readonly usable: number; readonly card: number }> {
  const started = performance.now();
  const text = `/incident declare sev2 --anyway measured ${turn}`;
  const said = slack.control('POST', 'commands', { user: 'oncall', channel: 'incidents', text });
  const ours = `-measured-${turn}`;
  const when = (isSo: (channel: Shown['channels'][number]) => boolean): Promise<number> =>
    eventually(
      async () => {
        const { channels } = await slack.control<Shown>('GET', 'state');
        return (
          channels.some((channel) => channel.name.endsWith(ours) && isSo(channel)) &&
          performance.now() - started
        );
      },
      { every: 5 },
    );
  const usable = await when(({ member_names }) => member_names.includes('oncall'));
  const card = await when(({ messages }) => messages.some((message) => message.text.startsWith('Incident ')));
  await said;
  return { usable, card };
}
