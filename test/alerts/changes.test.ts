import { type ChangesOptions, changesEntrance } from '../../src/alerts/changes.ts';
import type { CapturedMigration } from '../../src/domain/plan.ts';
import { type Answered, startReceiver, type TestReceiver } from '../support/receiver.ts';

describe('captured migrations', () => {
  let receiver: TestReceiver;
  let captured: { target: string; migrations: readonly CapturedMigration[] }[];
  const capture: ChangesOptions['capture'] = (target, migrations) =>
    Promise.resolve(void captured.push({ target, migrations }));

  beforeAll(async () => {
    const entrance = changesEntrance({
      targets: ['shop', 'billing'],
      services: [],
      capture,
      changed: () => Promise.reject(new Error('no migration')),
    });
    receiver = await startReceiver({ '/events/changes': () => entrance });
  });
  beforeEach(() => {
    captured = [];
  });
  afterAll(() => receiver.stop());

  const post = (sent: unknown): Promise<Answered> => receiver.post('/events/changes', JSON.stringify(sent));
  const migration = { name: '1_add', fileHash: 'a'.repeat(64), up: 'alter table t add c int', down: '' };

  it('are taken in as they were captured', async () => {
    const answer = await post({
      target: 'shop',
      migrations: [
        migration,
        { name: '2_js', fileHash: 'b', upOpaque: true, downOpaque: true },
        { name: '3_no_down', fileHash: 'c', up: 'select 1' },
      ],
    });
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

  it('are refused with the problems of the input', async () => {
    const answer = await post({
      migrations: [
        { name: '', up: 7 },
        { ...migration, up: 'a\0' },
      ],
    });
    expect(answer.status).toBe(400);
    const problems = answer.body['problems'] as string[];
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'target',
      'migrations.0.name',
      'migrations.0.fileHash',
      'migrations.0.up',
      'migrations.1.up',
    ]);
  });

  it('tell the first ten problems, and how many there are besides', async () => {
    const { body } = await post({ target: 'shop', migrations: Array.from({ length: 13 }, () => 7) });
    expect(body['problems']).toHaveLength(11);
    expect(body['problems']).toContain('and 3 more');
  });

  it.each([
    ['name', 'a\0'],
    ['up', 'select \ud83d'],
    ['down', 'a\0'],
    ['down', '\udd25'],
    ['fileHash', '\0'],
  ])('are refused when PostgreSQL cannot keep them: %s', async (field, value) => {
    expect(await post({ target: 'shop', migrations: [{ ...migration, [field]: value }] })).toMatchObject({
      status: 400,
      body: { problems: [`migrations.0.${field}: must contain neither NUL nor a lone surrogate`] },
    });
    expect(captured).toEqual([]);
  });

  it('are refused for a target that is not known, with those that are', async () => {
    const answer = await post({ target: 'shoop', migrations: [migration] });
    expect(answer).toMatchObject({ status: 404, body: { targets: ['shop', 'billing'] } });
  });
});
