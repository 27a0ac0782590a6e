import alertmanager from '../../../src/alerts/sources/alertmanager.ts';
import { BEARER, startSource, type TestSource } from './support.ts';

const webhook = {
  version: '4',
  groupKey: '{}:{alertname="PostgresTooManyConnections"}',
  truncatedAlerts: 0,
  status: 'firing',
  receiver: 'firebreak',
  groupLabels: { alertname: 'PostgresTooManyConnections' },
  commonLabels: { alertname: 'PostgresTooManyConnections', service: 'orders' },
  commonAnnotations: {},
  externalURL: 'http://alertmanager.example:9093',
  alerts: [
    {
      status: 'firing',
      labels: {
        alertname: 'PostgresTooManyConnections',
        service: 'orders',
        severity: 'Critical',
        instance: 'db-1:9187',
      },
      annotations: { summary: 'db-1 uses 97 of 100 connections', description: 'Since 5 minutes.' },
      startsAt: '2026-03-02T13:54:03.157Z',
      endsAt: '0001-01-01T00:00:00Z',
      generatorURL: 'http://prometheus.example:9090/graph?g0.expr=x',
      fingerprint: 'c6eadffa33fcdf37',
    },
    {
      status: 'resolved',
      labels: { alertname: 'PostgresTooManyConnections', instance: 'db-2:9187' },
      annotations: {},
      startsAt: '2026-03-02T13:50:00Z',
      endsAt: '2026-03-02T13:58:00Z',
      generatorURL: '',
      fingerprint: 'bc97ff14869b13e3',
    },
  ],
};

describe('Alertmanager', () => {
  let source: TestSource;
  beforeEach(async () => {
    source = await startSource(alertmanager);
  });
  afterEach(() => source.stop());

  it('tells alerts that fire and alerts that are resolved', async () => {
    expect(await source.read(webhook)).toEqual([
      {
        source: 'alertmanager',
        fingerprint: 'c6eadffa33fcdf37',
        state: 'firing',
        title: 'PostgresTooManyConnections: db-1 uses 97 of 100 connections',
        text: 'Since 5 minutes.',
        severity: 'critical',
        service: 'orders',
        labels: webhook.alerts[0]?.labels,
        group: webhook.groupKey,
        link: 'http://prometheus.example:9090/graph?g0.expr=x',
        startsAt: new Date('2026-03-02T13:54:03.157Z'),
      },
      {
        source: 'alertmanager',
        fingerprint: 'bc97ff14869b13e3',
        state: 'resolved',
        title: 'PostgresTooManyConnections',
        labels: webhook.alerts[1]?.labels,
        group: webhook.groupKey,
        startsAt: new Date('2026-03-02T13:50:00Z'),
        endsAt: new Date('2026-03-02T13:58:00Z'),
      },
    ]);
  });

  it('proves itself with its bearer token, and is refused without it', async () => {
    expect(await source.send(webhook, BEARER)).toMatchObject({ status: 200 });
    expect(await source.send(webhook, {})).toMatchObject({ status: 401 });
    expect(await source.send(webhook, { authorization: 'Bearer of-another' })).toMatchObject({ status: 401 });
    expect(source.deliveries).toHaveLength(1);
  });

  it('repeats itself, and counts once until something changes', async () => {
    await source.send(webhook);
    expect(await source.send(webhook)).toMatchObject({ status: 200, body: { ok: true } });
    expect(source.deliveries).toHaveLength(1);
    await source.send({ ...webhook, alerts: webhook.alerts.slice(1) });
    expect(source.deliveries).toHaveLength(2);
    expect(source.counters.read()).toEqual([
      { entrance: 'alertmanager', outcome: 'accepted', requests: 2 },
      { entrance: 'alertmanager', outcome: 'known', requests: 1 },
    ]);
  });

  it('is refused with what is wrong', async () => {
    const alerts = [{ ...webhook.alerts[0], status: 'on fire', fingerprint: 7 }];
    const { status, body } = await source.send({ ...webhook, alerts });
    expect(status).toBe(400);
    expect(body['problems']).toEqual([
      expect.stringMatching(/^alerts\.0\.status: /),
      expect.stringMatching(/^alerts\.0\.fingerprint: /),
    ]);
  });
});
