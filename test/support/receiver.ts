/** The bot's HTTP on a free port of loopback, with the entrances of a test. */
import { type Counters, createCounters } from '../../src/alerts/counters.ts';
import type { Gate } from '../../src/alerts/entrance.ts';
import { createReceiver, type ReceiverOptions } from '../../src/alerts/receiver.ts';
import { silentLogger } from '../../src/log.ts';

type Body = NonNullable<RequestInit['body']>;

export interface TestReceiver {
  readonly url: string;
  readonly counters: Counters;
  /** With the bearer token `s3cret`, unless `headers` are given. */
  post(path: string, body: Body, headers?: Readonly<Record<string, string>>): Promise<Answered>;
  stop(): Promise<void>;
}

export interface Answered {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const TOKEN = 's3cret';

/** Starts it; `gate` lets `TOKEN` in unless told. */
export async function startReceiver(
  entrances: ReceiverOptions['entrances'],
  { pages = {}, ...gate }: Partial<Gate & Pick<ReceiverOptions, 'pages'>> = {},
): Promise<TestReceiver> {
  const counters = createCounters();
  const receiver = createReceiver({
    listen: { port: 0 },
    gate: { tokens: [TOKEN], secrets: {}, now: () => new Date(), ...gate },
    entrances,
    pages,
    counters,
    log: silentLogger,
  });
  const url = await receiver.start();
  return {
    url,
    counters,
    post: (path, body, headers = { authorization: `Bearer ${TOKEN}` }) =>
      post(`${url}${path}`, body, headers),
    stop: () => receiver.stop(),
  };
}

async function post(url: string, body: Body, headers: Readonly<Record<string, string>>): Promise<Answered> {
  const response = await fetch(url, { method: 'POST', body, headers, duplex: 'half' });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
