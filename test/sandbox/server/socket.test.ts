/** Socket Mode on the wire: hello, one connection per envelope, redelivery, refresh, ten connections. */
import { WebSocket } from 'ws';
import { type Answer, type Bench, client, eventually, startBench } from './support.ts';

let bench: Bench;
let sockets: WebSocket[];

beforeEach(async () => {
  sockets = [];
  bench = await startBench();
});
afterEach(() => bench.stop());

interface Connection {
  readonly socket: WebSocket;
  readonly received: Answer[];
}

async function connect(): Promise<Connection> {
  const { url } = await client(bench.slack, bench.slack.appToken).apps.connections.open();
  const socket = new WebSocket(url ?? '');
  const received: Answer[] = [];
  sockets.push(socket);
  socket.on('message', (data: Buffer) => received.push(JSON.parse(data.toString('utf8')) as Answer));
  await eventually(() => received.length > 0, 'hello');
  return { socket, received };
}

const say = (text: string) => bench.control('POST', 'messages', { user: 'dba', channel: 'incidents', text });
const envelopes = ({ received }: Connection) => received.filter((one) => 'envelope_id' in one);

test('a connection is greeted, and its address works once', async () => {
  const { url = '' } = await client(bench.slack, bench.slack.appToken).apps.connections.open();
  const first = new WebSocket(url);
  const hello = await new Promise((resolve) =>
    first.once('message', (data: Buffer) => resolve(JSON.parse(data.toString()))),
  );
  expect(hello).toMatchObject({
    type: 'hello',
    num_connections: 1,
    connection_info: { app_id: 'A0FIREBREAK' },
  });
  const second = new WebSocket(url);
  await expect(new Promise((_resolve, reject) => second.once('error', reject))).rejects.toThrow('401');
});

test('of two connections one gets each envelope', async () => {
  const both = [await connect(), await connect()];
  await say('one');
  await say('two');
  await eventually(() => both.flatMap(envelopes).length === 2, 'two envelopes');
  expect(both.map((one) => envelopes(one).length)).toEqual([1, 1]);
});

test('an event that is not acked comes again after three seconds, then after a minute of the clock', async () => {
  const connection = await connect();
  await say('hear me');
  await eventually(() => envelopes(connection).length === 2, 'the second attempt');
  const [first, second] = envelopes(connection);
  expect(first).toMatchObject({ retry_attempt: 0, retry_reason: '' });
  expect(second).toMatchObject({ retry_attempt: 1, retry_reason: 'timeout', payload: first?.['payload'] });
  expect(second?.['envelope_id']).not.toBe(first?.['envelope_id']);
  connection.socket.send(JSON.stringify({ envelope_id: second?.['envelope_id'] }));
});

test('a command that is not acked in three seconds fails and is not sent again', async () => {
  const connection = await connect();
  const seen = await bench.act('commands', { user: 'oncall', channel: 'incidents', text: '/incident help' });
  expect(seen.responses).toEqual([
    expect.objectContaining({ text: '/incident failed with the error "operation_timeout"' }),
  ]);
  expect(envelopes(connection)).toHaveLength(1);
});

test('a refresh asks one connection to leave and uses it no more', async () => {
  const [first, second] = [await connect(), await connect()];
  await bench.control('POST', 'deliveries', { kind: 'disconnect', times: 1 });
  await eventually(() => first.received.some((one) => one['reason'] === 'refresh_requested'), 'the request');
  await say('one');
  await say('two');
  await eventually(() => envelopes(second).length === 2, 'both on the other');
  expect(envelopes(first)).toEqual([]);
});

test('an eleventh connection is turned away', async () => {
  for (let count = 0; count < 10; count += 1) await connect();
  const eleventh = await connect();
  expect(eleventh.received[0]).toMatchObject({ type: 'disconnect', reason: 'too_many_websockets' });
});
