import generic from '../../../src/alerts/sources/generic.ts';
import { BEARER, hmac, NOW, startSource, type TestSource } from './support.ts';

const alert = {
  title: 'The nightly import stopped',
  service: 'orders',
  severity: 'Warning',
  text: 'It stopped at row 7.',
  labels: { job: 'import', host: 'batch-1', attempt: 3, last: true },
  group: 'imports',
  starts_at: '2026-03-02T13:54:03Z',
  link: 'https://jobs.example/import/7',
};

describe('the generic source', () => {
  let source: TestSource;
  beforeEach(async () => {
    source = await startSource(generic);
  });
  afterEach(() => source.stop());

  it('takes one alert, or several', async () => {
    const [alone] = await source.read(alert);
    expect(alone).toEqual({
      source: 'generic',
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      state: 'firing',
      title: 'The nightly import stopped',
      service: 'orders',
      severity: 'warning',
      text: 'It stopped at row 7.',
      labels: { job: 'import', host: 'batch-1', attempt: '3', last: 'true' },
      group: 'imports',
      startsAt: new Date('2026-03-02T13:54:03Z'),
      link: 'https://jobs.example/import/7',
    });
    const ended = { ...alert, state: 'resolved', text: 'It runs.', ends_at: '2026-03-02T13:58:00Z' };
    const several = await source.read({ alerts: [ended, { title: 'Another', fingerprint: 'own' }] });
    expect(several).toMatchObject([
      { fingerprint: alone?.fingerprint, state: 'resolved', endsAt: new Date('2026-03-02T13:58:00Z') },
      { fingerprint: 'own', state: 'firing' },
    ]);
  });

  it('tells troubles apart by title, service and labels, in whatever order', async () => {
    const { host, ...labels } = alert.labels;
    const [one, same, other] = await source.read({
      alerts: [alert, { ...alert, severity: 'info', labels: { ...labels, host } }, { ...alert, labels }],
    });
    expect(same?.fingerprint).toBe(one?.fingerprint);
    expect(other?.fingerprint).not.toBe(one?.fingerprint);
  });

  it('counts an identical body once, and by its delivery what says one', async () => {
    const ID = 'x'.repeat(1000);
    await source.send(alert);
    expect(await source.send(alert)).toMatchObject({
      status: 200,
      body: { message: 'It was here before, and has changed nothing.' },
    });
    await source.send({ ...alert, delivery: ID });
    await source.send({ delivery: ID, alerts: [{ ...alert, text: 'again' }] });
    expect(source.deliveries).toHaveLength(2);
    expect(source.deliveries.map(({ hasId }) => hasId)).toEqual([false, true]);
  });

  const body = JSON.stringify(alert);
  const signed = (secondsAgo: number, secret?: string): Record<string, string> => {
    const time = String(NOW.getTime() / 1000 - secondsAgo);
    return {
      'x-firebreak-timestamp': time,
      'x-firebreak-signature': `v1=${hmac(`${time}.${body}`, secret)}`,
    };
  };

  it.each([
    ['its bearer token', BEARER],
    ['the signature of time and body', signed(299)],
  ])('takes %s', async (_proof, headers) => {
    expect(await source.send(body, headers)).toMatchObject({ status: 200 });
  });

  it.each([
    ['nothing', {}, 401],
    ['a signature by another secret', signed(0, 'guessed'), 401],
    ['a signature without its time', { 'x-firebreak-signature': `v1=${hmac(body)}` }, 401],
    ['a signature of long ago', signed(301), 409],
  ])('refuses %s', async (_proof, headers, status) => {
    expect(await source.send(body, headers)).toMatchObject({ status });
    expect(source.deliveries).toEqual([]);
  });

  it('refuses what is no alert, with each problem', async () => {
    const alerts = [{ title: '', state: 'red', starts_at: 'yesterday', labels: { a: {} } }, 'text'];
    const { status, body: answer } = await source.send({ alerts });
    expect(status).toBe(400);
    expect(answer['problems']).toEqual([
      expect.stringMatching(/^alerts\.0\.title: /),
      expect.stringMatching(/^alerts\.0\.state: /),
      expect.stringMatching(/^alerts\.0\.labels\.a: /),
      'alerts.0.starts_at: a time in ISO 8601, for example 2026-01-05T14:02:00Z',
      expect.stringMatching(/^alerts\.1: /),
    ]);
  });
});
