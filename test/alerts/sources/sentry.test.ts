import sentry from '../../../src/alerts/sources/sentry.ts';
import { hmac, startSource, type TestSource } from './support.ts';

const actor = { type: 'application', id: 'sentry', name: 'Sentry' };
const installation = { uuid: 'a8e5d37a-696c-4c54-adb5-b3f28d64c7de' };

const issue = (action: string) => ({
  action,
  actor,
  installation,
  data: {
    issue: {
      id: '1234567890',
      shortId: 'ORDERS-Y',
      title: 'error: column "eta" does not exist',
      culprit: 'GET /orders/:id',
      level: 'error',
      priority: 'high',
      status: 'unresolved',
      substatus: 'new',
      url: 'https://sentry.io/api/0/organizations/acme/issues/1234567890/',
      web_url: 'https://acme.sentry.io/issues/1234567890/',
      project: { id: '1', name: 'orders', slug: 'orders', platform: 'node' },
      firstSeen: '2026-03-02T13:54:03.679000+00:00',
      lastSeen: '2026-03-02T13:58:00.738000+00:00',
      count: '3',
      userCount: 3,
    },
  },
});

const event = {
  action: 'triggered',
  actor,
  installation,
  data: {
    event: {
      event_id: 'e4874d664c3540c1a32eab185f12c5ab',
      issue_id: '1234567890',
      title: 'error: column "eta" does not exist',
      culprit: 'GET /orders/:id',
      level: 'error',
      environment: 'production',
      datetime: '2026-03-02T13:54:03.677000Z',
      project: 1,
      url: 'https://sentry.io/api/0/projects/acme/orders/events/e4874d664c3540c1a32eab185f12c5ab/',
      web_url: 'https://sentry.io/organizations/acme/issues/1234567890/events/e4874d66/',
    },
    triggered_rule: 'Database errors',
  },
};

const metric = (action: string) => ({
  action,
  actor,
  installation,
  data: {
    description_title: 'Critical: Too many errors',
    description_text: '1000 events in the last 10 minutes',
    web_url: 'https://sentry.io/organizations/acme/alerts/1/',
    metric_alert: {
      id: '4',
      identifier: '1',
      title: 'Sacred Marmot',
      projects: ['orders'],
      date_started: '2026-03-02T13:54:03.000000Z',
      date_closed: action === 'resolved' ? '2026-03-02T13:58:00.000000Z' : null,
      alert_rule: { id: '7', name: 'Too many errors', aggregate: 'count()' },
    },
  },
});

describe('Sentry', () => {
  let source: TestSource;
  beforeEach(async () => {
    source = await startSource(sentry);
  });
  afterEach(() => source.stop());

  it('tells an issue that is new', async () => {
    expect(await source.read(issue('created'))).toEqual([
      {
        source: 'sentry',
        fingerprint: 'issue-1234567890',
        state: 'firing',
        title: 'error: column "eta" does not exist',
        text: 'GET /orders/:id',
        severity: 'high',
        service: 'orders',
        labels: { resource: 'issue', project: 'orders', level: 'error', issue: 'ORDERS-Y' },
        link: 'https://acme.sentry.io/issues/1234567890/',
        startsAt: new Date('2026-03-02T13:54:03.679Z'),
      },
    ]);
  });

  it('tells an issue that is back, which was first seen long ago', async () => {
    const [back] = await source.read(issue('unresolved'));
    expect(back).toMatchObject({ fingerprint: 'issue-1234567890', state: 'firing' });
    expect(back).not.toHaveProperty('startsAt');
  });

  it('tells an issue that an alert rule found, and its end by that of the issue', async () => {
    expect(await source.read(event)).toMatchObject([
      {
        fingerprint: 'issue-1234567890',
        state: 'firing',
        service: 'orders',
        severity: 'error',
        labels: { environment: 'production', rule: 'Database errors' },
      },
    ]);
    expect(await source.read(issue('resolved'))).toMatchObject([
      { fingerprint: 'issue-1234567890', state: 'resolved' },
    ]);
  });

  it('tells a threshold that was passed, and its end', async () => {
    expect(await source.read(metric('critical'))).toMatchObject([
      { fingerprint: 'rule-7', state: 'firing', severity: 'critical', service: 'orders' },
    ]);
    expect(await source.read(metric('resolved'))).toMatchObject([
      { fingerprint: 'rule-7', state: 'resolved', endsAt: new Date('2026-03-02T13:58:00Z') },
    ]);
  });

  it.each([
    ['an assignment', issue('assigned')],
    ['an action that every object has', issue('constructor')],
    ['an installation', { action: 'created', actor, installation, data: { installation } }],
  ])('tells nothing by %s', async (_what, body) => {
    expect(await source.send(body)).toMatchObject({ status: 200, body: { alerts: 0 } });
  });

  it('proves itself with the signature of the body, and is refused without', async () => {
    const body = JSON.stringify(issue('created'));
    const signed = (header: string) => source.send(body, { 'sentry-hook-signature': header });
    expect(await signed(hmac(body))).toMatchObject({ status: 200 });
    expect(await signed(hmac(body, 'guessed'))).toMatchObject({ status: 401 });
    expect(await signed('')).toMatchObject({ status: 401 });
    expect(await source.send(body, {})).toMatchObject({ status: 401 });
    expect(source.deliveries).toHaveLength(1);
  });

  it('is refused when the issue has no id', async () => {
    expect(await source.send({ action: 'created', data: { issue: {} } })).toMatchObject({
      status: 400,
      body: { problems: [expect.stringMatching(/^data\.issue\.id: /)] },
    });
  });
});
