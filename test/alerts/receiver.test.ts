import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import type { Entrance, Gate } from '../../src/alerts/entrance.ts';
import type { ReceiverOptions } from '../../src/alerts/receiver.ts';
import { eventually } from '../support/eventually.ts';
import { type Answered, startReceiver, type TestReceiver } from '../support/receiver.ts';

const signed = (body: string, secret: string): string =>
  createHmac('sha256', secret).update(body).digest('hex');

describe('the receiver', () => {
  let receiver: TestReceiver;
  let taken: unknown[];

  const plain: Entrance = {
    name: 'plain',
    expects: 'Send anything.',
    take: (json) => {
      if (json === 'defect') return Promise.reject(new Error('password=hunter2'));
      taken.push(json);
      return Promise.resolve({ status: 200, body: { ok: true } });
    },
  };
  const sealed: Entrance = {
    ...plain,
    name: 'sealed',
    signature: {
      header: 'x-seal',
      key: 'secret',
      refuse: ({ headers, body }, own) =>
        headers['x-seal'] === signed(body.toString(), own)
          ? undefined
          : { status: 401, body: { ok: false, message: 'wrong seal' } },
    },
  };
  const published: Entrance = {
    ...sealed,
    name: 'published',
    signature: { header: 'x-seal', key: 'public', refuse: () => undefined },
  };
  const start = async (options: Partial<Gate & Pick<ReceiverOptions, 'pages'>> = {}): Promise<void> => {
    taken = [];
    receiver = await startReceiver(
      { '/plain': () => plain, '/sealed': () => sealed, '/published': () => published },
      { secrets: { plain: 'of-plain', sealed: 'of-sealed', published: 'a-name' }, ...options },
    );
  };
  beforeEach(() => start());
  afterEach(() => receiver.stop());

  const post = (path: string, body: string, headers?: Record<string, string>): Promise<Answered> =>
    receiver.post(path, body, headers);
  const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

  it.each([
    ['no token', {}],
    ['another token', bearer('s3creT')],
    ['a longer token', bearer('s3cret-and-more')],
    ['the secret of another entrance', bearer('of-sealed')],
  ])('refuses %s', async (_case, headers) => {
    expect(await post('/plain', '{}', headers)).toMatchObject({
      status: 401,
      body: { ok: false, fix: expect.stringContaining('http.tokens.plain') as string },
    });
    expect(taken).toEqual([]);
    expect(receiver.counters.read()).toEqual([{ entrance: 'plain', outcome: 'unsigned', requests: 1 }]);
  });

  it.each([
    ['/plain', bearer('s3cret')],
    ['/plain', bearer('of-plain')],
    ['/sealed', bearer('s3cret')],
    ['/sealed', bearer('of-sealed')],
    ['/sealed', { 'x-seal': signed('{}', 'of-sealed') }],
    ['/published', { 'x-seal': 'any' }],
  ])('lets in to %s who proves it: %j', async (path, headers) => {
    expect(await post(path, '{}', headers)).toMatchObject({ status: 200 });
    expect(taken).toEqual([{}]);
  });

  it('refuses a wrong signature, and what is known to everybody as a token', async () => {
    expect(await post('/sealed', '{}', { 'x-seal': signed('{ }', 'of-sealed') })).toMatchObject({
      status: 401,
      body: { message: 'wrong seal' },
    });
    expect(await post('/published', '{}', bearer('a-name'))).toMatchObject({ status: 401 });
    expect(taken).toEqual([]);
  });

  it('says how to set a token when none is configured, for all or for one', async () => {
    await receiver.stop();
    await start({ tokens: [], secrets: {} });
    const fix = expect.stringMatching(/FIREBREAK_TOKEN.*http\.tokens\.plain/) as string;
    expect(await post('/plain', '{}')).toMatchObject({ status: 503, body: { fix } });
    await receiver.stop();
    await start({ secrets: {} });
    expect(await post('/sealed', '{}', { 'x-seal': 'any' })).toMatchObject({
      status: 401,
      body: { fix: expect.stringContaining('http.tokens.sealed') as string },
    });
  });

  it('refuses what is not JSON', async () => {
    expect(await post('/plain', '{"target":')).toMatchObject({
      status: 400,
      body: { message: 'The body is not JSON.', fix: 'Send anything.' },
    });
  });

  it('takes 32 levels and refuses 33; brackets in strings are none', async () => {
    const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
    expect(await post('/plain', nested(32))).toMatchObject({ status: 200 });
    expect(await post('/plain', nested(33))).toMatchObject({
      status: 400,
      body: { message: 'The body is nested deeper than 32 levels.' },
    });
    expect(await post('/plain', '{"a":'.repeat(33))).toMatchObject({
      body: { message: 'The body is nested deeper than 32 levels.' },
    });
    expect(await post('/plain', JSON.stringify(['{['.repeat(40), `\\"${'['.repeat(40)}`]))).toMatchObject({
      status: 200,
    });
    expect(await post('/plain', `[${'[],'.repeat(40)}0]`)).toMatchObject({ status: 200 });
  });

  it('refuses more than 1 MiB, said beforehand or not', async () => {
    const MIB = 1024 * 1024;
    expect(await post('/plain', 'x'.repeat(MIB + 1))).toMatchObject({ status: 413 });
    const streamed = new Blob(['x'.repeat(3 * MIB)]).stream();
    expect(await receiver.post('/plain', streamed)).toMatchObject({ status: 413 });
    expect(await post('/plain', JSON.stringify('x'.repeat(MIB - 2)))).toMatchObject({ status: 200 });
  });

  it('answers a defect without its details', async () => {
    const answer = await post('/plain', '"defect"');
    expect(answer.status).toBe(500);
    expect(JSON.stringify(answer.body)).not.toContain('hunter2');
  });

  it('counts what came, by entrance and outcome', async () => {
    await post('/plain', '1');
    await post('/plain', '2');
    await post('/plain', '"defect"');
    await post('/plain', '{');
    await post('/nowhere', '{}');
    expect(receiver.counters.read()).toEqual([
      { entrance: 'plain', outcome: 'accepted', requests: 2 },
      { entrance: 'plain', outcome: 'failed', requests: 1 },
      { entrance: 'plain', outcome: 'malformed', requests: 1 },
      { entrance: 'none', outcome: 'unknown', requests: 1 },
    ]);
  });

  it('takes who goes away in the middle for malformed, and not for a defect', async () => {
    const { port } = new URL(receiver.url);
    const socket = connect(Number(port), '127.0.0.1');
    const head = `POST /plain HTTP/1.1\r\nhost: x\r\nauthorization: Bearer s3cret\r\ncontent-length: 9\r\n\r\n`;
    socket.write(`${head}{"a"`, () => socket.destroy());
    await eventually(() => receiver.counters.read().length > 0);
    expect(receiver.counters.read()).toEqual([{ entrance: 'plain', outcome: 'malformed', requests: 1 }]);
  });

  it('is alive, and shows its pages to everybody, as JSON or as text', async () => {
    await receiver.stop();
    const headers = { 'content-type': 'text/plain' };
    await start({
      pages: {
        '/state': () => Promise.resolve({ status: 503, body: { ok: false } }),
        '/text': () => Promise.resolve({ status: 200, body: 'as it is', headers }),
        '/broken': () => Promise.reject(new Error('password=hunter2')),
      },
    });
    const get = async (path: string): Promise<readonly unknown[]> => {
      const response = await fetch(`${receiver.url}${path}`);
      return [response.status, response.headers.get('content-type'), await response.text()];
    };
    const json = 'application/json; charset=utf-8';
    expect(await get('/healthz')).toEqual([200, json, '{"ok":true}\n']);
    expect(await get('/state')).toEqual([503, json, '{"ok":false}\n']);
    expect(await get('/text')).toEqual([200, 'text/plain', 'as it is']);
    expect(await get('/broken')).toEqual([500, json, expect.not.stringContaining('hunter2')]);
  });

  it('says what there is', async () => {
    expect(await post('/', '{}')).toMatchObject({
      status: 404,
      body: { fix: expect.stringContaining('/plain, /sealed') as string },
    });
    expect((await fetch(`${receiver.url}/plain?x=1`)).status).toBe(405);
  });

  it('tells no browser to keep or guess, and not what it is made with', async () => {
    for (const path of ['/healthz', '/plain', '/nowhere']) {
      const { headers } = await fetch(`${receiver.url}${path}`);
      expect([headers.get('cache-control'), headers.get('x-content-type-options')]).toEqual([
        'no-store',
        'nosniff',
      ]);
      expect([headers.get('server'), headers.get('x-powered-by')]).toEqual([null, null]);
    }
  });

  it('names the method that a path takes', async () => {
    const allowed = async (method: string, path: string) => {
      const { status, headers } = await fetch(`${receiver.url}${path}`, { method });
      return [status, headers.get('allow')];
    };
    expect(await allowed('DELETE', '/plain')).toEqual([405, 'POST']);
    expect(await allowed('POST', '/healthz')).toEqual([405, 'GET']);
  });

  it('refuses headers without end, and lets go of who sends them a byte at a time', async () => {
    const { port } = new URL(receiver.url);
    const answerTo = (start: string, drip: string): Promise<string> =>
      new Promise((resolve) => {
        let answer = '';
        const socket = connect(Number(port), '127.0.0.1', () => socket.write(start));
        const dripping = setInterval(() => socket.write(drip), 200);
        socket.on('data', (chunk) => (answer += chunk.toString()));
        socket.on('error', () => undefined);
        socket.on('close', () => {
          clearInterval(dripping);
          resolve(answer);
        });
      });
    const [endless, slow] = await Promise.all([
      answerTo(`GET /healthz HTTP/1.1\r\nhost: x\r\nx-long: ${'x'.repeat(20_000)}\r\n\r\n`, ''),
      answerTo('GET /healthz HTTP/1.1\r\n', 'x-slow: 1\r\n'),
    ]);
    expect(endless).toMatch(/^HTTP\/1\.1 431 [\s\S]*\r\n\r\n$/);
    expect(slow).toMatch(/^HTTP\/1\.1 408 [\s\S]*\r\n\r\n$/);
    expect((await fetch(`${receiver.url}/healthz`)).status).toBe(200);
  }, 15_000);
});
