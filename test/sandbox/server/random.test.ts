/** Whatever is called in whatever order: no crash, no 500, no answer that Slack could not give, and a sound state. */
import http from 'node:http';
import fc from 'fast-check';
import { WebSocket } from 'ws';
import { type LocalSlack, startLocalSlack } from '../../../sandbox/server/main.ts';
import { broken, type Everything } from './invariants.ts';
import { manifestWith, removeManifests } from './manifest.ts';
import { type Found, type Move, moves, type Pick } from './moves.ts';
import { answerFaults, methodsWithShape } from './shape-check.ts';
import { type Answer, client } from './support.ts';

const MORE_SCOPES = ['canvases:read', 'canvases:write', 'channels:join', 'emoji:read', 'reactions:write'];

/** More of them find more: `RUNS=2000 npx jest test/sandbox/server/random --testTimeout 600000`. */
const RUNS = Number(process.env['RUNS'] ?? 30);

let slack: LocalSlack;
const triggers: string[] = [];
const quiet = process.stderr.write.bind(process.stderr);

beforeAll(async () => {
  // It tells each unknown argument, which here is the point.
  process.stderr.write = () => true;
  slack = await startLocalSlack({
    manifestPath: manifestWith({ scopes: [...MORE_SCOPES, 'usergroups:write'] }),
  });
  const { url = '' } = await client(slack, slack.appToken).apps.connections.open();
  await listen(new WebSocket(url));
});
afterAll(async () => {
  await slack.stop();
  process.stderr.write = quiet;
  removeManifests();
});

/** An app that acks nonsense half of the time. */
async function listen(socket: WebSocket): Promise<void> {
  const answers = [
    undefined,
    { response_action: 'clear' },
    { response_action: 'errors', errors: { in: 'no' } },
    {
      response_action: 'push',
      view: { type: 'modal', title: { type: 'plain_text', text: 'x' }, blocks: [] },
    },
    { text: 'ok', response_type: 'in_channel' },
    { blocks: 7 },
    'words',
  ];
  let turn = 0;
  socket.on('message', (data: Buffer) => {
    const { envelope_id, payload } = JSON.parse(data.toString('utf8')) as Answer & { payload?: Answer };
    if (envelope_id === undefined) return;
    if (typeof payload?.['trigger_id'] === 'string') triggers.push(payload['trigger_id']);
    turn += 1;
    socket.send(JSON.stringify({ envelope_id, payload: answers[turn % answers.length] }));
  });
  await new Promise((resolve) => socket.once('message', resolve));
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

async function request(
  method: string,
  path: string,
  body?: string,
  type = 'application/json',
): Promise<Reply> {
  const headers = { authorization: `Bearer ${slack.botToken}`, 'content-type': type };
  const response = await fetch(`${slack.url}/${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  return { status: response.status, body: await response.json() };
}

async function state(): Promise<Everything> {
  return (await request('GET', 'sandbox/state')).body as Everything;
}

function found(now: Everything, answers: readonly Answer[]): Found {
  const all = (field: string) =>
    answers.map((answer) => answer[field]).filter((one) => typeof one === 'string');
  return {
    channel: now.channels.map(({ id }) => id),
    user: now.users.map(({ id }) => id),
    name: now.users.map(({ name }) => name),
    ts: now.channels.flatMap(({ messages, ephemerals }) => [...messages, ...ephemerals].map(({ ts }) => ts)),
    view: [...now.views, ...now.homes].map(({ id }) => id),
    trigger: triggers.slice(-3),
    file: [...all('file_id'), ...now.channels.flatMap(({ files }) => files.map(({ id }) => id))],
    bookmark: now.channels.flatMap(({ bookmarks }) => bookmarks.map(({ id }) => id)),
    group: now.usergroups.map(({ id }) => id),
    canvas: all('canvas_id'),
    scheduled: all('scheduled_message_id'),
  };
}

function resolved(value: unknown, things: Found): unknown {
  if (Array.isArray(value)) return value.map((one) => resolved(one, things));
  if (typeof value !== 'object' || value === null) return value;
  if ('pick' in value && 'nth' in value) {
    const { pick, nth } = value as Pick;
    const pool = things[pick];
    return pool[nth % Math.max(1, pool.length)] ?? 'none';
  }
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, resolved(one, things)]));
}

const replacer = (_key: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
const json = (value: unknown) => JSON.stringify(value, replacer) as string | undefined;

async function make(move: Move, things: Found): Promise<Reply> {
  const given = resolved(move.input, things) as Answer;
  // Nobody waits here for what the app has to say.
  const input = move.to === 'sandbox' ? { ...given, wait_ms: 1 } : given;
  const path = `${move.to}/${move.path}`;
  if (move.method === 'GET') return request('GET', path);
  if (!move.form) return request(move.method, path, json(input));
  const words = (value: unknown) => (typeof value === 'string' ? value : (json(value) ?? ''));
  const fields = Object.entries(input).map(([key, value]): [string, string] => [key, words(value)]);
  return request(
    move.method,
    path,
    new URLSearchParams(fields).toString(),
    'application/x-www-form-urlencoded',
  );
}

test('random calls of both surfaces', async () => {
  await fc.assert(
    fc.asyncProperty(moves, async (steps) => {
      await request('POST', 'sandbox/reset', '{}');
      const answers: Answer[] = [];
      for (const move of steps) {
        const { status, body } = await make(move, found(await state(), answers));
        const answer = (body ?? {}) as Answer;
        expect({ status, error: answer['error'] }).not.toMatchObject({ status: 500 });
        if (move.to === 'sandbox') continue;
        expect(typeof answer['ok']).toBe('boolean');
        expect(answer['ok'] === true).toBe(answer['error'] === undefined);
        if (methodsWithShape.includes(move.path)) expect(answerFaults(move.path, answer)).toEqual([]);
        answers.push(answer);
      }
      expect(broken(await state())).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});

const FORM = 'multipart/form-data; boundary=x';
test.each([
  ['POST', '/api/chat.postMessage', '{"a":', 'application/json'],
  ['POST', '/api/chat.postMessage', '[]', 'application/json'],
  ['POST', '/api/files.info', 'nonsense', FORM],
  ['POST', '/api/', '', 'text/plain'],
  ['POST', '/api/__proto__', '{}', 'application/json'],
  ['GET', '//', undefined, ''],
  ['GET', '/%', undefined, ''],
  ['PATCH', '/sandbox/messages/%ff/1', '{"user":"dba","text":"x"}', 'application/json'],
  ['DELETE', '/sandbox/messages/general/1/2/3', '{}', 'application/json'],
  ['GET', '/sandbox/constructor', undefined, ''],
  ['POST', '/actions/T/1/none', '{"text":"x"}', 'application/json'],
  ['POST', '/actions/T/1/none', 'x', FORM],
  ['POST', '/upload/v1/none', 'x', FORM],
  ['GET', '/files-pri/x', undefined, ''],
  ['GET', '/files/U/F', undefined, ''],
  ['GET', '/archives/C0/p17', undefined, ''],
])('%s %s with a body like %s is refused, not stumbled over', async (method, path, body, type) => {
  const headers = { 'content-type': type, authorization: `Bearer ${slack.botToken}` };
  const response = await raw(method, path, headers, body);
  expect(response).toBeLessThan(500);
  expect((await request('GET', 'sandbox/state')).status).toBe(200);
});

/** Fetch would tidy up the path. */
function raw(method: string, path: string, headers: Record<string, string>, body?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const { port } = slack;
    const sent = http.request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    });
    sent.once('error', reject).end(body);
  });
}
