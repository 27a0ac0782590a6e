/** What an error says of the store: whether it may have done what it was asked. */
import { connect, type NetConnectOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { neverReached } from '../../src/store/away.ts';

const failure = (where: NetConnectOpts): Promise<Error> =>
  new Promise((fails) => connect(where).once('error', fails));
const coded = (code: string, syscall: string): Error =>
  Object.assign(new Error(`${syscall} ${code}`), { code, syscall });

test('was never asked when no connection was made', async () => {
  expect(neverReached(await failure({ host: '127.0.0.1', port: 1 }))).toBe(true);
  expect(neverReached(await failure({ path: join(tmpdir(), 'firebreak-no-socket') }))).toBe(true);
  expect(neverReached(coded('ETIMEDOUT', 'connect'))).toBe(true);
  expect(neverReached(coded('EAI_AGAIN', 'getaddrinfo'))).toBe(true);
  expect(neverReached(new AggregateError([coded('ETIMEDOUT', 'connect')]))).toBe(true);
  expect(neverReached(new Error('timeout exceeded when trying to connect'))).toBe(true);
});

test('may have done it when the connection broke, or fell silent, afterwards', () => {
  expect(neverReached(coded('ETIMEDOUT', 'read'))).toBe(false);
  expect(neverReached(coded('ECONNRESET', 'read'))).toBe(false);
  expect(neverReached(new Error('Query read timeout'))).toBe(false);
  expect(neverReached(new Error('Connection terminated unexpectedly'))).toBe(false);
});
