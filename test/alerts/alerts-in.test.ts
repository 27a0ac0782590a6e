import type { Receiver } from '../../src/alerts/receiver.ts';
import { loadAlertSources } from '../../src/alerts/source.ts';
import { createInward } from '../../src/inward.ts';
import { silentLogger } from '../../src/log.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { hmac } from './sources/support.ts';

/** From the bytes on the wire into the store. */
describe('alerts over HTTP', () => {
  let it1: TestApp;
  let receiver: Receiver;
  let url: string;
  beforeAll(async () => {
    it1 = await createTestApp();
    receiver = createInward(
      {
        listen: { host: '127.0.0.1', port: 0 },
        tokens: ['s3cret'],
        secrets: { sentry: 'of-sentry', generic: 'of-generic' },
      },
      {
        app: it1.app,
        now: () => new Date(),
        sources: await loadAlertSources(),
        targets: [],
        store: it1.store,
        vitals: { slack: () => ({ connected: true, last: undefined }), monitors: [], targets: () => [] },
        log: silentLogger,
      },
    );
    url = await receiver.start();
  });
  afterAll(async () => {
    await receiver.stop();
    await it1.close();
  });

  const post = async (source: string, body: string, headers: Readonly<Record<string, string>>) => {
    const response = await fetch(`${url}/alerts/${source}`, { method: 'POST', body, headers });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const bearer = { authorization: 'Bearer s3cret' };
  const generic = (alert: object) => post('generic', JSON.stringify(alert), bearer);
  /** At most 200 are listed. */
  const known = async (source: string) =>
    (await it1.app.alerts({ since: new Date(0) })).filter((alert) => alert.source === source);

  it('are remembered, once, until they change', async () => {
    const alert = { title: 'The nightly import stopped', labels: { host: 'batch-1' }, text: 'a\0b\ud83d' };
    expect(await generic(alert)).toMatchObject({
      status: 200,
      body: { ok: true, message: 'Taken.', alerts: 1 },
    });
    expect(await generic(alert)).toMatchObject({
      body: { message: expect.stringContaining('before') as string },
    });
    expect(await known('generic')).toMatchObject([{ state: 'firing', told: 1, text: 'ab\ufffd' }]);
    await generic({ ...alert, state: 'resolved' });
    expect(await known('generic')).toMatchObject([{ state: 'resolved', title: alert.title }]);
    expect(await generic(alert)).toMatchObject({ body: { message: 'Taken.' } });
    expect(await known('generic')).toMatchObject([{ state: 'firing' }]);
  });

  it('that are signed with their time are refused when they are sent once more, and turn nothing back', async () => {
    const signed = (alert: object) => {
      const body = JSON.stringify(alert);
      const time = String(Math.floor(Date.now() / 1000));
      const signature = `v1=${hmac(`${time}.${body}`, 'of-generic')}`;
      return () =>
        post('generic', body, { 'x-firebreak-timestamp': time, 'x-firebreak-signature': signature });
    };
    const firing = signed({ title: 'Signed', fingerprint: 's1' });
    expect(await firing()).toMatchObject({ body: { message: 'Taken.' } });
    await signed({ title: 'Signed', fingerprint: 's1', state: 'resolved' })();
    expect(await firing()).toMatchObject({
      status: 409,
      body: { message: expect.stringContaining('before') as string },
    });
    expect((await known('generic')).find(({ title }) => title === 'Signed')).toMatchObject({
      state: 'resolved',
    });
  });

  it('are none when they are refused', async () => {
    const body = JSON.stringify({ action: 'created', data: { issue: { id: '1', title: 'x' } } });
    expect(await post('sentry', body, {})).toMatchObject({ status: 401 });
    expect(await post('sentry', body, { 'sentry-hook-signature': hmac(body, 'guessed') })).toMatchObject({
      status: 401,
    });
    expect(await known('sentry')).toEqual([]);
    expect(await post('sentry', body, { 'sentry-hook-signature': hmac(body, 'of-sentry') })).toMatchObject({
      status: 200,
    });
    expect(await known('sentry')).toMatchObject([{ fingerprint: 'issue-1', title: 'x' }]);
  });

  it('come in hundreds, each one kept', async () => {
    const alerts = Array.from({ length: 150 }, (_, index) => ({
      status: 'firing',
      labels: { alertname: 'Down', service: 'orders', instance: `i${index}` },
      fingerprint: `f${index}`,
      startsAt: '2026-03-02T13:54:03Z',
    }));
    expect(await post('alertmanager', JSON.stringify({ alerts }), bearer)).toMatchObject({ status: 200 });
    const kept = await known('alertmanager');
    expect(new Set(kept.map(({ fingerprint }) => fingerprint)).size).toBe(150);
    expect(new Set(kept.map(({ proposal }) => proposal)).size).toBe(1);
  });
});
