import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OutgoingPage } from '../../src/domain/outgoing-page.ts';
import type { PagingConfig } from '../../src/paging/paging-config.ts';
import { createPager } from '../../src/paging/send-page.ts';
import { PACKAGE_ROOT } from '../../src/version.ts';
import { json, never, page, type Receiver, startReceiver } from './support.ts';

const KEY = 'routing-key-hunter2';
const SECRET = 'webhook-secret-hunter2';
const NOW = new Date('2026-06-03T10:00:00.400Z');

let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

const config = (): PagingConfig => ({
  teams: {
    payments: { routingKey: KEY, webhook: { url: `${receiver.url}/pages/url-hunter2`, secret: SECRET } },
  },
  apiUrls: { events: receiver.url, rest: receiver.url },
});
const send = (sent: OutgoingPage, timeoutMs = 5000, signal = never) =>
  createPager(config(), () => NOW, timeoutMs)(sent, 'effect-7', signal);
const lastBody = (): unknown => JSON.parse(receiver.received.at(-1)?.body ?? '');

describe('a page to PagerDuty', () => {
  it('triggers an alert of the escalation, with what a person on call has to know', async () => {
    receiver.answer(json(202, { status: 'success', message: 'Event processed', dedup_key: 'x' }));
    expect(await send(page({ reason: 'nobody answers' }))).toEqual({ kind: 'sent' });
    expect(receiver.received[0]).toMatchObject({ method: 'POST', path: '/v2/enqueue' });
    expect(lastBody()).toEqual({
      routing_key: KEY,
      event_action: 'trigger',
      dedup_key: 'firebreak-inc-12-3',
      client: 'Firebreak',
      payload: {
        summary: 'sev2 inc-12: Orders show no status – 注文 (payments is paged: nobody answers)',
        source: 'inc-12',
        severity: 'error',
        group: 'payments',
        class: 'escalation',
        custom_details: {
          incident: 12,
          escalation: 3,
          team: 'payments',
          level: 2,
          severity: 'sev2',
          reason: 'nobody answers',
          paged: 'U000000001, Ben',
        },
      },
    });
  });

  it.each(['acknowledge', 'resolve'] as const)('can %s the same alert', async (action) => {
    expect(await send(page({ action }))).toEqual({ kind: 'sent' });
    expect(lastBody()).toEqual({
      routing_key: KEY,
      event_action: action,
      dedup_key: 'firebreak-inc-12-3',
    });
  });

  it.each([
    ['sev1', 'critical'],
    ['sev2', 'error'],
    ['sev3', 'warning'],
    ['sev4', 'info'],
    ['sev5', 'info'],
    ['p0', 'error'],
  ])('calls %s %s', async (severity, expected) => {
    await send(page({ severity }));
    expect(lastBody()).toMatchObject({ payload: { severity: expected } });
  });

  it('says that it is a drill', async () => {
    await send(page({ drill: true }));
    expect(lastBody()).toMatchObject({
      payload: {
        summary: expect.stringMatching(/^DRILL: sev2 inc-12/) as string,
        custom_details: { drill: true },
      },
    });
  });

  it('cuts a long summary to what PagerDuty takes, never within a character', async () => {
    for (const padding of ['', 'x']) {
      await send(page({ title: padding + '🔥'.repeat(600) }));
      const { summary } = (lastBody() as { payload: { summary: string } }).payload;
      expect(summary.length).toBeLessThanOrEqual(1024);
      expect(summary).toMatch(/🔥…$/u);
    }
  });

  it('is refused for good when PagerDuty calls it invalid, with its reasons and without the key', async () => {
    const errors = [`'routing_key' ${KEY} is incorrect`];
    receiver.answer(json(400, { status: 'invalid event', message: 'Event object is invalid', errors }));
    expect(await send(page())).toEqual({
      kind: 'refused',
      reason: "PagerDuty answered 400: Event object is invalid; 'routing_key' [secret] is incorrect",
    });
    receiver.answer(json(400, '<html>bad gateway of a proxy'));
    expect(await send(page())).toEqual({ kind: 'refused', reason: 'PagerDuty answered 400' });
  });
});

describe('a page to a webhook', () => {
  const hook = (more: Partial<OutgoingPage> = {}) => page({ via: 'webhook', ...more });

  it('posts the page and names its delivery', async () => {
    receiver.answer(json(200, 'ok'));
    expect(await send(hook({ reason: 'nobody answers', drill: true }))).toEqual({ kind: 'sent' });
    expect(receiver.received[0]).toMatchObject({
      method: 'POST',
      path: '/pages/url-hunter2',
      headers: { 'content-type': 'application/json', 'x-firebreak-delivery': 'effect-7' },
    });
    expect(lastBody()).toEqual({
      delivery: 'effect-7',
      action: 'trigger',
      team: 'payments',
      incident: 12,
      escalation: 3,
      level: 2,
      title: 'Orders show no status – 注文',
      severity: 'sev2',
      reason: 'nobody answers',
      people: ['U000000001', 'Ben'],
      drill: true,
    });
  });

  it('is signed: the receiver can verify time and body with the secret', async () => {
    await send(hook());
    const [received] = receiver.received;
    expect(received?.headers['x-firebreak-timestamp']).toBe('1780480800');
    const expected = createHmac('sha256', SECRET)
      .update('1780480800.')
      .update(received?.body ?? '');
    expect(received?.headers['x-firebreak-signature']).toBe(`v1=${expected.digest('hex')}`);
  });

  it('is verified by the sample that docs/paging.md gives', async () => {
    const text = readFileSync(join(PACKAGE_ROOT, 'docs/paging.md'), 'utf8');
    const sample = /```js\n(.*?)```/s.exec(text)?.[1] ?? '';
    const { isFromFirebreak: verified } = (await import(
      `data:text/javascript,${encodeURIComponent(sample)}`
    )) as { isFromFirebreak: (headers: unknown, body: string, secret: string, now: number) => boolean };
    await send(hook());
    const { headers, body } = receiver.received[0] ?? { headers: {}, body: '' };
    const now = NOW.getTime();
    expect(verified(headers, body, SECRET, now)).toBe(true);
    expect(verified(headers, body.replace('"drill":false', '"drill":true'), SECRET, now)).toBe(false);
    expect(verified(headers, body, 'another secret', now)).toBe(false);
    expect(verified(headers, body, SECRET, now + 301_000)).toBe(false);
    expect(verified({}, body, SECRET, now)).toBe(false);
  });

  it('is not followed to another place', async () => {
    const other = await startReceiver();
    receiver.answer(json(307, '', { location: other.url }));
    expect(await send(hook())).toEqual({
      kind: 'refused',
      reason: 'the webhook answered 307, and redirects are not followed',
    });
    expect(other.received).toEqual([]);
    await other.close();
  });

  it('is not sent to where a cloud keeps its credentials', async () => {
    const webhook = { url: 'http://169.254.169.254/latest/meta-data/', secret: SECRET };
    const pager = createPager({ ...config(), teams: { payments: { webhook } } }, () => NOW, 5000);
    expect(await pager(hook(), 'effect-7', never)).toEqual({
      kind: 'retry',
      error: expect.stringContaining('ADDRESS_REFUSED') as string,
    });
  });

  it('repeats nothing that the receiver answers: it may hold a secret', async () => {
    receiver.answer(json(404, 'Cannot POST /pages/url-hunter2'));
    expect(await send(hook())).toEqual({ kind: 'refused', reason: 'the webhook answered 404' });
  });
});

describe.each(['pagerduty', 'webhook'] as const)('whatever comes back from %s', (via) => {
  it.each([
    [400, 'refused'],
    [401, 'refused'],
    [403, 'refused'],
    [404, 'refused'],
    [408, 'retry'],
    [500, 'retry'],
    [503, 'retry'],
  ])('%i means: %s', async (status, kind) => {
    receiver.answer(json(status, 'not json'));
    const outcome = await send(page({ via }));
    expect(outcome.kind).toBe(kind);
    expect(JSON.stringify(outcome)).toContain(`answered ${status}`);
    expect(JSON.stringify(outcome)).not.toContain('hunter2');
  });

  it.each([
    [undefined, 30],
    ['7', 7],
    ['0', 1],
    ['86400', 300],
    ['Wed, 03 Jun 2026 10:01:00 GMT', 60],
    ['soon', 30],
  ])('429 with Retry-After %s waits %i s', async (header, seconds) => {
    receiver.answer(json(429, {}, header === undefined ? {} : { 'retry-after': header }));
    expect(await send(page({ via }))).toEqual({ kind: 'wait', seconds });
  });

  it('silence is given up, before the answer and within it', async () => {
    receiver.answer(() => undefined);
    const silent = { kind: 'retry', error: expect.stringContaining('no answer within 0.2 s') as string };
    expect(await send(page({ via }), 200)).toEqual(silent);
    receiver.answer((response) => void response.writeHead(400).write('{'));
    const outcome = await send(page({ via }), 200);
    // The body of a webhook's refusal is not waited for.
    expect(outcome).toEqual(
      via === 'webhook' ? { kind: 'refused', reason: 'the webhook answered 400' } : silent,
    );
  });

  it('a connection that breaks or cannot be made is tried again, and no address is told', async () => {
    receiver.answer((response) => void response.destroy());
    expect(await send(page({ via }))).toMatchObject({ kind: 'retry' });
    await receiver.close();
    const outcome = await send(page({ via }));
    expect(outcome).toMatchObject({
      kind: 'retry',
      error: expect.stringContaining('the connection failed (ECONNREFUSED)') as string,
    });
    expect(JSON.stringify(outcome)).not.toMatch(/hunter2|127\.0\.0\.1/);
  });

  it('who sends may give up', async () => {
    receiver.answer(() => undefined);
    const outcome = await send(page({ via }), 5000, AbortSignal.timeout(100));
    expect(outcome).toMatchObject({ kind: 'retry', error: expect.stringContaining('given up') as string });
  });

  it('a team that is not paged that way any more is refused', async () => {
    expect(await send(page({ via, team: 'database' }))).toEqual({
      kind: 'refused',
      reason: `database has no ${via} in firebreak.yml any more`,
    });
  });
});
