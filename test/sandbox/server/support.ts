/** A local Slack with a real Bolt app on it, and plain calls to the control surface. */
import { App, LogLevel, SocketModeReceiver } from '@slack/bolt';
import { WebClient } from '@slack/web-api';
import { type LocalSlack, startLocalSlack } from '../../../sandbox/server/main.ts';
import { answerFaults, payloadFaults } from './shape-check.ts';

export type Answer = Record<string, unknown>;

interface Control {
  (method: string, path: string, body?: Answer): Promise<{ status: number; body: Answer }>;
}

interface Seen {
  readonly ack_ms: number | null;
  readonly responses: readonly {
    readonly kind: string;
    readonly text?: string;
    readonly ts?: string;
    readonly blocks?: readonly Answer[];
    readonly view?: Answer;
    readonly errors?: Answer;
  }[];
}

export interface Bench {
  readonly slack: LocalSlack;
  /** Fails at once on 429 and never retries, so that tests see each answer. */
  readonly web: WebClient;
  readonly control: Control;
  act(path: string, body: Answer): Promise<Seen>;
  state(as?: string): Promise<State>;
  stop(): Promise<void>;
}

export interface State {
  readonly users: readonly { id: string; name: string; deactivated: boolean }[];
  readonly channels: readonly ChannelState[];
}

export interface ChannelState {
  readonly id: string;
  readonly name: string;
  readonly is_archived: boolean;
  readonly topic: string;
  readonly members: readonly string[];
  readonly messages: readonly (Answer & { ts: string; text: string; subtype?: string })[];
  readonly ephemerals: readonly Answer[];
  readonly pins: readonly Answer[];
  readonly bookmarks: readonly Answer[];
  readonly files: readonly Answer[];
  readonly canvas: Answer | null;
}

export async function startBench(manifestPath = 'manifest.yml'): Promise<Bench> {
  const slack = await startLocalSlack({ manifestPath });
  const control: Control = async (method, path, body) => {
    const response = await fetch(`${slack.url}/sandbox/${path}`, {
      method,
      ...(body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}),
    });
    return { status: response.status, body: (await response.json()) as Answer };
  };
  return {
    slack,
    web: client(slack),
    control,
    async act(path, body) {
      const answer = await control('POST', path, body);
      if (answer.status !== 200) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
      return answer.body as unknown as Seen;
    },
    async state(as) {
      const answer = await control('GET', as === undefined ? 'state' : `state?as=${as}`);
      return answer.body as unknown as State;
    },
    async stop() {
      const { body } = await control('GET', 'calls');
      await slack.stop();
      expectShapes(body as unknown as readonly Call[]);
    },
  };
}

interface Call {
  readonly method: string;
  readonly answer: Answer;
}

/** Everything that the app was sent in this test. */
const sent: Answer[] = [];

/** Every test is one of conformance too: whatever was answered and sent must look like Slack's. */
function expectShapes(calls: readonly Call[]): void {
  const known = calls.filter(({ answer }) => answer['error'] !== 'unknown_method');
  const faults = [
    ...known.flatMap(({ method, answer }) => answerFaults(method, answer)),
    ...sent.splice(0).flatMap(payloadFaults),
  ];
  expect([...new Set(faults)]).toEqual([]);
}

export function client(slack: LocalSlack, token = slack.botToken): WebClient {
  return new WebClient(token, {
    slackApiUrl: `${slack.url}/api/`,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    logger: silent,
  });
}

const nothing = () => undefined;
/** The client repeats each refusal as an error; the tests look at the answers instead. */
const silent = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  setLevel: nothing,
  setName: nothing,
  getLevel: () => LogLevel.ERROR,
};

export async function startApp(slack: LocalSlack, listen: (app: App) => void): Promise<App> {
  const clientOptions = { slackApiUrl: `${slack.url}/api/` };
  const receiver = new SocketModeReceiver({
    appToken: slack.appToken,
    installerOptions: { clientOptions },
    clientPingTimeout: 1000,
    logLevel: LogLevel.ERROR,
  });
  // The tests look at the app's own doings too, which Bolt would hide from its listeners.
  const app = new App({
    token: slack.botToken,
    receiver,
    clientOptions,
    ignoreSelf: false,
    logLevel: LogLevel.ERROR,
  });
  app.error(() => Promise.resolve());
  app.use(async ({ body, next }) => {
    sent.push(structuredClone(body) as unknown as Answer);
    await next();
  });
  listen(app);
  await app.start();
  return app;
}

/** The Slack error code of a call that fails. */
export async function errorOf(call: Promise<unknown>): Promise<Answer> {
  try {
    await call;
  } catch (error) {
    return (error as { data?: Answer }).data ?? { error: String(error) };
  }
  throw new Error('the call did not fail');
}

/** Waits until something has become true. */
export async function eventually(check: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const until = Date.now() + 8_000;
  while (Date.now() < until) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`never happened: ${what}`);
}

export function channelOf(state: State, name: string): ChannelState {
  const found = state.channels.find((channel) => channel.name === name);
  if (!found) throw new Error(`no channel ${name}`);
  return found;
}
