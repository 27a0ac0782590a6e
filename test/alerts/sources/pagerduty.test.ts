import pagerduty from '../../../src/alerts/sources/pagerduty.ts';
import { hmac, startSource, type TestSource } from './support.ts';

const reference = (type: string, summary: string) => ({
  html_url: `https://acme.pagerduty.com/${type}/P1`,
  id: 'P1',
  self: `https://api.pagerduty.com/${type}/P1`,
  summary,
  type: `${type}_reference`,
});

const incident = {
  id: 'PGR0VU2',
  type: 'incident',
  self: 'https://api.pagerduty.com/incidents/PGR0VU2',
  html_url: 'https://acme.pagerduty.com/incidents/PGR0VU2',
  number: 2,
  status: 'triggered',
  incident_key: 'd3640fbd41094207a1c11e58e46b1662',
  created_at: '2026-03-02T13:54:03Z',
  title: 'Order status is slow',
  service: reference('service', 'order-status'),
  assignees: [reference('user', 'Somebody')],
  escalation_policy: reference('escalation_policy', 'Default'),
  teams: [],
  priority: reference('priority', 'P1'),
  urgency: 'high',
  conference_bridge: null,
  resolve_reason: null,
};

const webhook = (event_type: string, data: unknown = incident, id = event_type) => ({
  event: {
    id,
    event_type,
    resource_type: 'incident',
    occurred_at: '2026-03-02T13:58:00.169Z',
    agent: null,
    client: { name: 'PagerDuty' },
    data,
  },
});

describe('PagerDuty', () => {
  let source: TestSource;
  beforeEach(async () => {
    source = await startSource(pagerduty);
  });
  afterEach(() => source.stop());

  it('tells an incident that was triggered', async () => {
    expect(await source.read(webhook('incident.triggered'))).toEqual([
      {
        source: 'pagerduty',
        fingerprint: 'PGR0VU2',
        state: 'firing',
        title: 'Order status is slow',
        text: 'In PagerDuty it is triggered.',
        severity: 'p1',
        service: 'order-status',
        labels: {
          urgency: 'high',
          priority: 'P1',
          service: 'order-status',
          incident_key: 'd3640fbd41094207a1c11e58e46b1662',
        },
        link: 'https://acme.pagerduty.com/incidents/PGR0VU2',
        startsAt: new Date('2026-03-02T13:54:03Z'),
      },
    ]);
  });

  it.each([
    ['incident.acknowledged', { state: 'firing' }],
    ['incident.reopened', { state: 'firing' }],
    ['incident.resolved', { state: 'resolved', endsAt: new Date('2026-03-02T13:58:00.169Z') }],
  ])('tells %s of the same incident', async (type, told) => {
    const data = { ...incident, priority: null };
    expect(await source.read(webhook(type, data))).toMatchObject([
      { fingerprint: 'PGR0VU2', severity: 'high', ...told },
    ]);
  });

  it.each(['incident.priority_updated', 'incident.acknowledged'])(
    'takes an incident for over that was resolved before %s came',
    async (type) => {
      const data = { ...incident, status: 'resolved' };
      expect(await source.read(webhook(type, data))).toMatchObject([{ state: 'resolved' }]);
    },
  );

  it.each([
    ['a ping', webhook('pagey.ping', { message: 'Hello from your friend Pagey!', type: 'ping' })],
    ['a note', webhook('incident.annotated', { id: 'P2', content: 'a note', type: 'incident_note' })],
    [
      "Firebreak's own page",
      webhook('incident.triggered', { ...incident, incident_key: 'firebreak-inc-12-1' }),
    ],
  ])('tells nothing by %s', async (_what, body) => {
    expect(await source.send(body)).toMatchObject({ status: 200, body: { ok: true, alerts: 0 } });
    expect(source.deliveries).toEqual([]);
  });

  it('counts an event once, by its id', async () => {
    await source.send(webhook('incident.triggered', incident, 'one'));
    await source.send(webhook('incident.triggered', { ...incident, urgency: 'low' }, 'one'));
    expect(source.deliveries.map(({ key }) => key)).toEqual(['one']);
  });

  it('proves itself with one right signature of several, and is refused without', async () => {
    const body = JSON.stringify(webhook('incident.triggered'));
    const signed = (header: string) => source.send(body, { 'x-pagerduty-signature': header });
    expect(await signed(`v1=${hmac(body, 'the next secret')},v1=${hmac(body)}`)).toMatchObject({
      status: 200,
    });
    expect(await signed(`v1=${hmac(body, 'guessed')}`)).toMatchObject({ status: 401 });
    expect(await signed(hmac(body))).toMatchObject({ status: 401 });
    expect(await signed('v1=')).toMatchObject({ status: 401 });
    expect(await source.send(body, {})).toMatchObject({ status: 401 });
    expect(source.counters.read()).toContainEqual({
      entrance: 'pagerduty',
      outcome: 'unsigned',
      requests: 4,
    });
  });

  it('is refused when the incident is missing', async () => {
    expect(await source.send(webhook('incident.triggered', {}))).toMatchObject({
      status: 400,
      body: { problems: ['event.data.id: must be the id of the incident'] },
    });
  });
});
