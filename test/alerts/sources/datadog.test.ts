import datadog from '../../../src/alerts/sources/datadog.ts';
import { BEARER, startSource, type TestSource } from './support.ts';

/** As Datadog fills in the template of docs/alerts.md. */
const webhook = {
  id: '2900000000000000001',
  alert_id: '1234',
  transition: 'Triggered',
  title: '[Triggered on {host:db-1}] Too many locks',
  text: 'Locks are piling up on order_status.',
  priority: 'P2',
  scope: 'host:db-1,role:primary',
  tags: 'env:prod, host:db-1, service:order-status, monitor, url:http://x:1/',
  link: 'https://app.datadoghq.com/monitors/1234?to_ts=1772460000000',
  date: '1772459643000',
};

describe('Datadog', () => {
  let source: TestSource;
  beforeEach(async () => {
    source = await startSource(datadog);
  });
  afterEach(() => source.stop());

  it('tells what its template holds', async () => {
    expect(await source.read(webhook)).toEqual([
      {
        source: 'datadog',
        fingerprint: '1234:host:db-1,role:primary',
        state: 'firing',
        title: webhook.title,
        text: webhook.text,
        severity: 'p2',
        service: 'order-status',
        labels: {
          env: 'prod',
          host: 'db-1',
          service: 'order-status',
          url: 'http://x:1/',
          role: 'primary',
          monitor: '1234',
        },
        group: '1234',
        link: webhook.link,
        startsAt: new Date('2026-03-02T13:54:03Z'),
      },
    ]);
    expect(source.deliveries.at(-1)?.key).toBe(webhook.id);
  });

  it.each([
    ['Recovered', 'resolved'],
    ['Re-Triggered', 'firing'],
    ['No Data', 'firing'],
    ['Warn', 'firing'],
    ['Renotify', 'firing'],
  ])('says by %s that it is %s', async (transition, state) => {
    expect(await source.read({ ...webhook, id: transition, transition })).toMatchObject([
      { fingerprint: '1234:host:db-1,role:primary', state },
    ]);
  });

  it('proves itself with a bearer token, and is refused without it', async () => {
    expect(await source.send(webhook, BEARER)).toMatchObject({ status: 200 });
    expect(await source.send(webhook, {})).toMatchObject({ status: 401 });
    expect(await source.send(webhook, { authorization: 'Bearer wrong' })).toMatchObject({ status: 401 });
    expect(source.deliveries).toHaveLength(1);
  });

  it('is refused when it sends its own template, or variables that were not filled in', async () => {
    expect(await source.send({ body: 'x', last_updated: '1', title: 'x' })).toMatchObject({
      status: 400,
      body: { fix: expect.stringContaining('docs/alerts.md') as string },
    });
    expect(await source.send({ ...webhook, date: '$DATE' })).toMatchObject({
      status: 400,
      body: { problems: [expect.stringMatching(/^date: /)] },
    });
  });
});
