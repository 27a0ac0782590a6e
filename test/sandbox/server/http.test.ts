/** HTTP delivery: Bolt's own receiver checks the signatures; a plain server sees the retries. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { App, HTTPReceiver, LogLevel } from '@slack/bolt';
import { type LocalSlack, startLocalSlack } from '../../../sandbox/server/main.ts';
import { type Answer, type Bench, client, errorOf, eventually, startBench } from './support.ts';

let bench: Bench;

beforeEach(async () => {
  bench = await startBench();
});
afterEach(() => bench.stop());

const say = (text: string) => bench.control('POST', 'messages', { user: 'dba', channel: 'incidents', text });

async function startHttpApp(
  slack: LocalSlack,
  listen: (app: App) => void,
): Promise<{ app: App; url: string }> {
  const receiver = new HTTPReceiver({ signingSecret: slack.signingSecret, logLevel: LogLevel.ERROR });
  const clientOptions = { slackApiUrl: `${slack.url}/api/` };
  const app = new App({ token: slack.botToken, receiver, clientOptions, logLevel: LogLevel.ERROR });
  listen(app);
  const server = (await app.start({ port: 0, host: '127.0.0.1' })) as Server;
  return { app, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/slack/events` };
}

test('commands, clicks, forms and events reach Bolt over HTTP, and its answers come back', async () => {
  const events: string[] = [];
  const plain = (text: string) => ({ type: 'plain_text' as const, text });
  const { app, url } = await startHttpApp(bench.slack, (bolt) => {
    bolt.message(async ({ message }) => {
      events.push('text' in message ? (message.text ?? '') : '');
      await Promise.resolve();
    });
    bolt.command('/incident', async ({ ack, command, client: web }) => {
      await ack(`hello ${command.user_name}`);
      const view = {
        type: 'modal' as const,
        callback_id: 'form',
        title: plain('Form'),
        submit: plain('Send'),
      };
      await web.views.open({ trigger_id: command.trigger_id, view: { ...view, blocks: [] } });
    });
    bolt.view('form', async ({ ack }) => ack({ response_action: 'errors', errors: { a: 'no' } }));
  });
  const endpoint = await bench.control('PUT', 'endpoint', { url });
  expect(endpoint.status).toBe(200);
  const seen = await bench.act('commands', { user: 'dba', channel: 'incidents', text: '/incident x' });
  expect(seen.responses.map(({ kind, text }) => [kind, text])).toEqual([
    ['ack', 'hello dba'],
    ['view', undefined],
  ]);
  const view_id = seen.responses[1]?.view?.['id'];
  const sent = await bench.act('views/submit', { user: 'dba', view_id, values: {} });
  expect(sent.responses).toMatchObject([{ kind: 'ack', errors: { a: 'no' } }]);
  await say('over HTTP');
  await eventually(() => events.includes('over HTTP'), 'the message');
  await app.stop();
});

interface Received {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Answers each request with the next of these; after them with 200. */
async function startServer(answers: readonly [status: number, headers?: Record<string, string>][]) {
  const received: Received[] = [];
  const left = [...answers];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8') });
      const [status, headers] = left.shift() ?? [200];
      response.writeHead(status, headers).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  bench.slack.deliverTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  return { received, stop: () => new Promise((resolve) => server.close(resolve)) };
}

const retries = (received: readonly Received[]) =>
  received.map(({ headers }) => [headers['x-slack-retry-num'], headers['x-slack-retry-reason']]);

test('an event that fails comes again at once, after a minute and after five, then no more', async () => {
  const { received, stop } = await startServer([[500], [500], [404], [500]]);
  await say('hear me');
  await eventually(() => received.length === 2, 'the first retry');
  // The answer may still be on its way back: nothing waits yet for the clock, and it is advanced once more.
  const passes = (ms: number, count: number, what: string) =>
    eventually(() => {
      if (received.length < count) bench.slack.advanceClock(ms);
      return received.length === count;
    }, what);
  await passes(60_000, 3, 'the second retry');
  await passes(300_000, 4, 'the third retry');
  bench.slack.advanceClock(3_600_000);
  const sentAt = received.map(({ headers }) => Number(headers['x-slack-request-timestamp']));
  const waits = sentAt.slice(1).map((at, index) => at - (sentAt[index] ?? Number.NaN));
  expect(waits[0]).toBeLessThan(60);
  expect(waits[1]).toBeGreaterThanOrEqual(60);
  expect(waits[2]).toBeGreaterThanOrEqual(300);
  expect(retries(received)).toEqual([
    [undefined, undefined],
    ['1', 'http_error'],
    ['2', 'http_error'],
    ['3', 'http_error'],
  ]);
  const ids = received.map(({ body }) => (JSON.parse(body) as Answer)['event_id']);
  expect(new Set(ids).size).toBe(1);
  await stop();
});

test('an app that says so gets no retry', async () => {
  const { received, stop } = await startServer([[500, { 'x-slack-no-retry': '1' }]]);
  await say('once');
  await say('and another');
  await eventually(() => received.length === 2, 'both messages');
  expect(retries(received)).toEqual([
    [undefined, undefined],
    [undefined, undefined],
  ]);
  await stop();
});

test('two redirects are followed, a third is one too many', async () => {
  const hop = [302, { location: '/again' }] as [number, Record<string, string>];
  const { received, stop } = await startServer([hop, hop, [200], hop, hop, hop]);
  await say('around the corner');
  await eventually(() => received.length === 3, 'the end of the redirects');
  await say('in circles');
  await eventually(() => received.length === 7, 'the retry');
  expect(retries(received).at(-1)).toEqual(['1', 'too_many_redirects']);
  await stop();
});

test('an app that is not there fails the command and gets the event later', async () => {
  bench.slack.deliverTo('http://127.0.0.1:9/');
  const seen = await bench.act('commands', { user: 'dba', channel: 'incidents', text: '/incident x' });
  expect(seen.responses).toMatchObject([{ text: '/incident failed with the error "dispatch_failed"' }]);
});

test('an address that does not answer the challenge is not taken', async () => {
  const { stop } = await startServer([]);
  bench.slack.deliverTo(undefined);
  const answer = await bench.control('PUT', 'endpoint', { url: `${bench.slack.url}/sandbox/state` });
  expect(answer).toMatchObject({ status: 400, body: { error: 'url_verification' } });
  await stop();
});

test('the address can be given at the start, and Socket Mode is back when it is taken away', async () => {
  const slack = await startLocalSlack({ manifestPath: 'manifest.yml', httpUrl: 'http://127.0.0.1:9/' });
  slack.deliverTo(undefined);
  const { url } = await client(slack, slack.appToken).apps.connections.open();
  expect(url).toMatch(/^ws:/);
  expect(await errorOf(client(slack, 'xapp-wrong').apps.connections.open())).toMatchObject({
    error: 'invalid_auth',
  });
  await slack.stop();
});
