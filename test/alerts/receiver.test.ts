import { createReceiver, type Receiver, type ReceiverOptions } from '../../src/alerts/receiver.ts';
import type { CapturedMigration } from '../../src/domain/plan.ts';
import { silentLogger } from '../../src/log.ts';

describe('the receiver', () => {
  let receiver: Receiver;
  let url: string;
  let captured: { target: string; migrations: readonly CapturedMigration[] }[];
  let ready: ReceiverOptions['ready'];

  const start = async (options: Partial<ReceiverOptions> = {}): Promise<void> => {
    captured = [];
    ready = () => Promise.resolve({ ok: true });
    receiver = createReceiver({
      listen: { port: 0 },
      tokens: ['s3cret'],
      targets: ['shop', 'billing'],
      capture: (target, migrations) => Promise.resolve(void captured.push({ target, migrations })),
      ready: () => ready(),
      log: silentLogger,
      ...options,
    });
    url = await receiver.start();
  };
  beforeEach(() => start());
  afterEach(() => receiver.stop());

  const post = async (body: string, token: string | undefined = 's3cret') => {
    const response = await fetch(`${url}/events/changes`, {
      method: 'POST',
      body,
      headers: token === '' ? {} : { authorization: `Bearer ${token}` },
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const migration = { name: '1_add', fileHash: 'a'.repeat(64), up: 'alter table t add c int', down: '' };

  it('takes migrations in as they were captured', async () => {
    const answer = await post(
      JSON.stringify({
        target: 'shop',
        migrations: [
          migration,
          { name: '2_js', fileHash: 'b', upOpaque: true, downOpaque: true },
          { name: '3_no_down', fileHash: 'c', up: 'select 1' },
        ],
      }),
    );
    expect(answer).toEqual({ status: 200, body: { ok: true, target: 'shop', captured: 3 } });
    expect(captured).toEqual([
      {
        target: 'shop',
        migrations: [
          migration,
          { name: '2_js', fileHash: 'b', up: 'opaque', down: 'opaque' },
          { name: '3_no_down', fileHash: 'c', up: 'select 1' },
        ],
      },
    ]);
  });

  it.each([
    ['no token', ''],
    ['another token', 's3creT'],
    ['a longer token', 's3cret-and-more'],
  ])('refuses %s', async (_case, token) => {
    expect(await post('{}', token)).toMatchObject({
      status: 401,
      body: { fix: expect.any(String) as string },
    });
    expect(captured).toEqual([]);
  });

  it('says how to set a token when none is configured', async () => {
    await receiver.stop();
    await start({ tokens: [] });
    expect(await post('{}')).toMatchObject({
      status: 503,
      body: { fix: expect.stringContaining('FIREBREAK_TOKEN') as string },
    });
  });

  it('tells every problem of the input', async () => {
    const answer = await post(
      JSON.stringify({
        migrations: [
          { name: '', up: 7 },
          { ...migration, up: 'a\0' },
        ],
      }),
    );
    expect(answer.status).toBe(400);
    const problems = answer.body['problems'] as string[];
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'target',
      'migrations.0.name',
      'migrations.0.fileHash',
      'migrations.0.up',
      'migrations.1.up',
    ]);
    expect(await post('{"target":')).toMatchObject({
      status: 400,
      body: { message: 'The body is not JSON.' },
    });
  });

  it.each([
    ['name', 'a\0'],
    ['up', 'select \ud83d'],
    ['down', 'a\0'],
    ['down', '\udd25'],
    ['fileHash', '\0'],
  ])('refuses what PostgreSQL cannot keep: %s', async (field, value) => {
    const sent = { target: 'shop', migrations: [{ ...migration, [field]: value }] };
    expect(await post(JSON.stringify(sent))).toMatchObject({
      status: 400,
      body: { problems: [`migrations.0.${field}: must contain neither NUL nor a lone surrogate`] },
    });
    expect(captured).toEqual([]);
  });

  it('names the targets it knows when it is sent another', async () => {
    const answer = await post(JSON.stringify({ target: 'shoop', migrations: [migration] }));
    expect(answer).toMatchObject({ status: 404, body: { targets: ['shop', 'billing'] } });
  });

  it('refuses more than 1 MiB, said beforehand or not', async () => {
    expect(await post('x'.repeat(1024 * 1024 + 1))).toMatchObject({ status: 413 });
    const response = await fetch(`${url}/events/changes`, {
      method: 'POST',
      headers: { authorization: 'Bearer s3cret' },
      body: new Blob(['x'.repeat(3 * 1024 * 1024)]).stream(),
      duplex: 'half',
    });
    expect(response.status).toBe(413);
  });

  it('answers a defect without its details', async () => {
    await receiver.stop();
    await start({ capture: () => Promise.reject(new Error('password=hunter2')) });
    const answer = await post(JSON.stringify({ target: 'shop', migrations: [migration] }));
    expect(answer.status).toBe(500);
    expect(JSON.stringify(answer.body)).not.toContain('hunter2');
  });

  it('is alive, and ready when it is', async () => {
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    ready = () => Promise.resolve({ ok: false, reason: 'store away' });
    const response = await fetch(`${url}/readyz`);
    expect([response.status, await response.json()]).toEqual([503, { ok: false, reason: 'store away' }]);
  });

  it('says what there is', async () => {
    expect((await fetch(`${url}/`)).status).toBe(404);
    expect((await fetch(`${url}/events/changes?x=1`)).status).toBe(405);
  });
});
