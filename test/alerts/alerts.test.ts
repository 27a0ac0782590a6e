import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { alertEntrances, type TakeAlerts } from '../../src/alerts/alerts.ts';
import { type AlertSource, defineAlertSource, loadAlertSources, type Told } from '../../src/alerts/source.ts';
import type { Alert, AlertDelivery } from '../../src/domain/alert.ts';
import { ALERT_SOURCES } from '../../src/domain/entrances.ts';
import { PACKAGE_ROOT } from '../../src/version.ts';
import { startReceiver, type TestReceiver } from '../support/receiver.ts';

describe('every source of alerts', () => {
  let sources: readonly AlertSource[];
  let receiver: TestReceiver;
  const nothing: TakeAlerts = () => Promise.reject(new Error('there was no alert'));
  beforeAll(async () => {
    sources = await loadAlertSources();
    receiver = await startReceiver(alertEntrances(sources, nothing));
  });
  afterAll(() => receiver.stop());

  it('is known to the configuration, and is in the documentation with its path', async () => {
    const guide = await readFile(join(PACKAGE_ROOT, 'docs/alerts.md'), 'utf8');
    expect(sources.map(({ name }) => name)).toEqual(ALERT_SOURCES);
    for (const { name } of sources) expect(guide).toContain(`/alerts/${name}`);
  });

  it.each(ALERT_SOURCES)(
    'refuses what is unsigned, no JSON or of another shape, and says what to do: %s',
    async (name) => {
      const path = `/alerts/${name}`;
      const fix = expect.stringMatching(/\w/) as string;
      expect(await receiver.post(path, '{}', {})).toMatchObject({ status: 401, body: { ok: false, fix } });
      expect(await receiver.post(path, '{')).toMatchObject({ status: 400, body: { ok: false, fix } });
      for (const body of ['{}', '[]', 'null', '7', '{"alerts":7,"event":7,"data":7,"Type":7}']) {
        const answer = await receiver.post(path, body);
        expect(answer).toMatchObject({ status: 400, body: { ok: false, fix } });
        expect((answer.body['problems'] as string[]).length).toBeGreaterThan(0);
      }
      expect(await receiver.post(path, '['.repeat(33))).toMatchObject({ status: 400 });
      expect(await receiver.post(path, ' '.repeat(1024 * 1024 + 1))).toMatchObject({ status: 413 });
    },
  );

  it('is named when another one is asked for', async () => {
    expect(await receiver.post('/alerts/nagios', '{}')).toMatchObject({
      status: 404,
      body: { fix: expect.stringContaining('/alerts/alertmanager, /alerts/cloudwatch') as string },
    });
  });
});

describe('alerts of a source', () => {
  let receiver: TestReceiver;
  let taken: AlertDelivery[];
  const source = defineAlertSource({
    name: 'any',
    expects: 'Send a list.',
    schema: z.array(z.record(z.string(), z.unknown())),
    alerts: (given) => given as unknown as readonly Told[],
  });
  beforeAll(async () => {
    receiver = await startReceiver(
      alertEntrances([source as AlertSource], (delivery) => {
        taken.push(delivery);
        return Promise.resolve({ known: false });
      }),
    );
  });
  beforeEach(() => {
    taken = [];
  });
  afterAll(() => receiver.stop());

  const alert: Told = { fingerprint: 'f', state: 'firing', title: 't', labels: {} };
  const read = async (more: Partial<Told>): Promise<Alert | undefined> => {
    expect(await receiver.post('/alerts/any', JSON.stringify([{ ...alert, ...more }]))).toMatchObject({
      status: 200,
    });
    return taken.at(-1)?.alerts[0];
  };

  it('are cleaned of what PostgreSQL cannot keep', async () => {
    const odd = 'a\0b\ud83dc';
    const clean = 'ab\ufffdc';
    expect(
      await read({
        fingerprint: odd,
        title: odd,
        text: odd,
        service: odd,
        group: odd,
        labels: { [odd]: odd },
      }),
    ).toEqual({
      source: 'any',
      state: 'firing',
      fingerprint: clean,
      title: clean,
      text: clean,
      service: clean,
      group: clean,
      labels: { [clean]: clean },
    });
  });

  it('are clipped where they are long, and keep their names apart', async () => {
    const long = 'x'.repeat(5000);
    const labels = Object.fromEntries(Array.from({ length: 70 }, (_, index) => [`l${index}`, long]));
    const kept = await read({ fingerprint: `${long}1`, title: long, text: long, group: `${long}1`, labels });
    expect([kept?.title.length, kept?.text?.length]).toEqual([300, 3000]);
    expect(Object.values(kept?.labels ?? {}).map(({ length }) => length)).toEqual(Array(64).fill(500));
    const other = await read({ fingerprint: `${long}2`, group: `${long}2` });
    expect(other?.fingerprint).not.toBe(kept?.fingerprint);
    expect(other?.group).not.toBe(kept?.group);
    const emoji = await read({ title: `${'x'.repeat(298)}\u{1f525}\u{1f525}` });
    expect(emoji?.title).toBe(`${'x'.repeat(298)}…`);
  });

  it('keep a link only where it leads into the web', async () => {
    expect(await read({ link: 'https://x.example/a' })).toMatchObject({ link: 'https://x.example/a' });
    for (const link of [
      'javascript:alert(1)',
      'file:///etc/passwd',
      'no link',
      `https://x/${'a'.repeat(2000)}`,
    ])
      expect(await read({ link })).not.toHaveProperty('link');
  });

  it('have a title of one line, whatever was sent', async () => {
    expect(await read({ title: ' \0' })).toMatchObject({ title: 'An alert without a title' });
    expect(await read({ title: 'Carts\n are \u202eempty' })).toMatchObject({ title: 'Carts are empty' });
  });

  it('are at most 2,000 a request', async () => {
    const many = (count: number): string => JSON.stringify(Array.from({ length: count }, () => alert));
    expect(await receiver.post('/alerts/any', many(2001))).toMatchObject({ status: 413 });
    expect(taken).toEqual([]);
    expect(await receiver.post('/alerts/any', many(2000))).toMatchObject({
      status: 200,
      body: { alerts: 2000 },
    });
  });

  it('are not handed over when there are none', async () => {
    expect(await receiver.post('/alerts/any', '[]')).toMatchObject({ status: 200, body: { alerts: 0 } });
    expect(taken).toEqual([]);
  });
});
