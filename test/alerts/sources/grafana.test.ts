import grafana from '../../../src/alerts/sources/grafana.ts';
import { BEARER, hmac, NOW, startSource, type TestSource } from './support.ts';

const alert = {
  status: 'firing',
  labels: {
    alertname: 'Order status fails',
    grafana_folder: 'shop',
    service: 'order-status',
    severity: 'warning',
  },
  annotations: {
    summary: 'Every second request fails',
    description: 'SQLSTATE 42703',
    runbook_url: 'https://x.example',
  },
  startsAt: '2026-03-02T15:54:03.157076+02:00',
  endsAt: '0001-01-01T00:00:00Z',
  generatorURL: 'https://grafana.example/alerting/1afz29v7z/edit',
  fingerprint: 'c6eadffa33fcdf37',
  silenceURL: 'https://grafana.example/alerting/silence/new?alertmanager=grafana',
  dashboardURL: '',
  panelURL: '',
  values: { B: 44.239, C: 1 },
};
const webhook = {
  receiver: 'firebreak',
  status: 'firing',
  orgId: 1,
  alerts: [alert],
  groupLabels: { grafana_folder: 'shop' },
  commonLabels: {},
  commonAnnotations: {},
  externalURL: 'https://grafana.example/',
  version: '1',
  groupKey: '{}/{grafana_folder="shop"}:{grafana_folder="shop"}',
  truncatedAlerts: 0,
  title: '[FIRING:1] shop',
  state: 'alerting',
  message: '**Firing**',
};

describe('Grafana', () => {
  let source: TestSource;
  beforeEach(async () => {
    source = await startSource(grafana);
  });
  afterEach(() => source.stop());

  const body = JSON.stringify(webhook);
  const signed = (signature: string, time?: string): Record<string, string> => ({
    'x-grafana-alerting-signature': signature,
    ...(time === undefined ? {} : { 'x-grafana-alerting-timestamp': time }),
  });
  const at = (secondsAgo: number): string => String(NOW.getTime() / 1000 - secondsAgo);

  it('tells its alerts', async () => {
    expect(await source.read(webhook)).toEqual([
      {
        source: 'grafana',
        fingerprint: 'c6eadffa33fcdf37',
        state: 'firing',
        title: 'Order status fails: Every second request fails',
        text: 'SQLSTATE 42703',
        severity: 'warning',
        service: 'order-status',
        labels: alert.labels,
        group: webhook.groupKey,
        link: alert.generatorURL,
        startsAt: new Date('2026-03-02T13:54:03.157Z'),
      },
    ]);
    const resolved = { ...alert, status: 'resolved', endsAt: '2026-03-02T13:59:00Z' };
    expect(await source.read({ ...webhook, status: 'resolved', alerts: [resolved] })).toMatchObject([
      { fingerprint: 'c6eadffa33fcdf37', state: 'resolved', endsAt: new Date('2026-03-02T13:59:00Z') },
    ]);
  });

  it.each([
    ['its bearer token', BEARER],
    ['the HMAC of the body', signed(hmac(body))],
    ['the HMAC of time and body', signed(hmac(`${at(10)}:${body}`), at(10))],
  ])('proves itself with %s', async (_proof, headers) => {
    expect(await source.send(body, headers)).toMatchObject({ status: 200 });
    expect(source.deliveries).toHaveLength(1);
  });

  it.each([
    ['nothing', {}, 401],
    ['the HMAC of another body', signed(hmac(`${body} `)), 401],
    ['an HMAC by another secret', signed(hmac(body, 'guessed')), 401],
    ['no hex', signed('zzz'), 401],
    ['another time than the signed one', signed(hmac(`${at(400)}:${body}`), at(10)), 401],
    ['the signed time left out', signed(hmac(`${at(10)}:${body}`)), 401],
    ['a time that is long ago', signed(hmac(`${at(301)}:${body}`), at(301)), 409],
    ['a time ahead', signed(hmac(`${at(-301)}:${body}`), at(-301)), 409],
    ['no time at all', signed(hmac(`soon:${body}`), 'soon'), 409],
  ])('is refused with %s', async (_proof, headers, status) => {
    const answer = await source.send(body, headers);
    expect(answer).toMatchObject({ status, body: { ok: false, fix: expect.any(String) as string } });
    expect(source.deliveries).toEqual([]);
    expect(source.counters.read()).toEqual([
      { entrance: 'grafana', outcome: status === 409 ? 'replayed' : 'unsigned', requests: 1 },
    ]);
  });

  it('is refused when its payload is another', async () => {
    expect(await source.send({ message: 'custom' })).toMatchObject({
      status: 400,
      body: { problems: [expect.stringMatching(/^alerts: /)] },
    });
  });
});
