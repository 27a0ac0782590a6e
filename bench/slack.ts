/** What a person waits for: the channel of a declaration, and the ack of a command. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { actorsOf } from '../sandbox/story/actors.ts';
import { openSandbox, type Sandbox } from '../src/cli/sandbox-world.ts';
import type { Bench, Figure } from './figure.ts';

const COMMANDS = 100;
const AT_ONCE = 5;
/** Slack shows an error for a command that was not acked by then. */
const ACK_LIMIT = { value: 3000, what: 'is the limit of Slack' };

interface Call {
  readonly method: string;
  readonly arguments: { readonly channel?: string };
}

interface Acked {
  readonly ack_ms: number | null;
  readonly responses: readonly { readonly text?: string }[];
}

export const declaration: Bench = {
  name: 'declare',
  measure: () =>
    inSandbox(async (sandbox) => {
      const started = performance.now();
      const { id } = await declare(sandbox);
      const took = performance.now() - started;
      // The lane of the channel is served one call after the other; what goes elsewhere keeps nobody waiting here.
      const calls = (await control<readonly Call[]>(sandbox, 'calls')).filter(
        (call) => call.method === 'conversations.create' || call.arguments.channel === id,
      );
      const card = calls.findIndex(({ method }) => method === 'chat.postMessage') + 1;
      return [
        { name: 'declare to usable channel', value: took, unit: 'ms' },
        { name: 'declare to usable channel', value: card, unit: 'calls' },
      ];
    }),
};

export const acks: Bench = {
  name: 'ack',
  measure: () =>
    inSandbox(async (sandbox) => {
      const { name } = await declare(sandbox);
      const all: number[] = [];
      for (let sent = 0; sent < COMMANDS; sent += AT_ONCE) {
        // Who types is asked of Slack each time, which allows 100 such calls a minute.
        if (sent % (COMMANDS / 2) === 0) await control(sandbox, 'clock', { advance_ms: 61_000 });
        const some = Array.from({ length: AT_ONCE }, (_, index) => ack(sandbox, name, sent + index));
        all.push(...(await Promise.all(some)));
      }
      all.sort((a, b) => a - b);
      return [percentile(all, 50), percentile(all, 99)];
    }),
};

/** Declares, and waits until the channel is there with its card. */
async function declare(sandbox: Sandbox): Promise<{ readonly id: string; readonly name: string }> {
  const actors = actorsOf(sandbox.slack.url);
  const said = actors.type('oncall', 'incidents', '/incident declare sev1 a measured incident');
  const channel = await actors.until(
    'the incident channel with its card',
    ({ channels }) =>
      channels.find(
        ({ name, messages }) =>
          name.startsWith('inc-') && messages.some(({ text }) => text.startsWith('Incident ')),
      ),
    { every: 5 },
  );
  await said;
  return channel;
}

async function ack(sandbox: Sandbox, channel: string, number: number): Promise<number> {
  const body = { user: 'oncall', channel, text: `/incident note observation ${number}` };
  const { ack_ms, responses } = await control<Acked>(sandbox, 'commands', body);
  const [said] = responses.flatMap(({ text }) => text ?? []);
  if (ack_ms === null || said !== 'Noted.') throw new Error(`note ${number}: ${said ?? 'no answer'}`);
  return ack_ms;
}

const percentile = (sorted: readonly number[], percent: number): Figure => ({
  name: `ack p${percent}`,
  value: sorted[Math.ceil((sorted.length * percent) / 100) - 1],
  unit: 'ms',
  against: ACK_LIMIT,
});

async function control<T>({ slack }: Sandbox, path: string, body?: object): Promise<T> {
  const response = await fetch(`${slack.url}/sandbox/${path}`, {
    ...(body
      ? { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
      : {}),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

async function inSandbox<T>(measure: (sandbox: Sandbox) => Promise<T>): Promise<T> {
  const dataDir = await mkdtemp(join(tmpdir(), 'firebreak-bench-'));
  try {
    const sandbox = await openSandbox({ dataDir, seed: 1, orders: 100 });
    try {
      return await measure(sandbox);
    } finally {
      await sandbox.close();
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}
