/** Slack over HTTP: what it sends is taken as over Socket Mode, and what it did not sign is not. */
import { createHmac } from 'node:crypto';
import { openRunning, type Running } from '../scenarios/support.ts';
import { eventually } from '../support/eventually.ts';

let world: Running;
let url: string;
beforeAll(async () => {
  world = await openRunning({
    start: false,
    config: ({ channels, users }) => ({
      slack: { mode: 'http', incidents_channel: channels['incidents'] },
      teams: { database: { on_call: [users['dba']] } },
    }),
  });
  url = `${(await world.another()).url}/slack/events`;
  world.slack.deliverTo(url);
});
afterAll(() => world.close());

const nowS = (): number => Math.floor(world.clock.now().getTime() / 1000);

const signed = (body: string, at: number): Readonly<Record<string, string>> => ({
  'content-type': 'application/x-www-form-urlencoded',
  'x-slack-request-timestamp': String(at),
  'x-slack-signature': `v0=${createHmac('sha256', world.slack.signingSecret).update(`v0:${at}:${body}`).digest('hex')}`,
});

const post = async (body: string, headers: Readonly<Record<string, string>>): Promise<number> => {
  const answer = await fetch(url, { method: 'POST', body, headers });
  await answer.arrayBuffer();
  return answer.status;
};

const COMMAND = 'command=%2Fincident&text=list&trigger_id=forged.1&user_id=U1&channel_id=C1';

const inboxRows = async (): Promise<number> => {
  const { rows } = await world.store.query<{ rows: number }>('select count(*)::int as rows from inbox');
  return rows[0]?.rows ?? 0;
};

test('a command, a click, a form and an event do what they do over Socket Mode', async () => {
  const { id, channel } = await world.declare('declare sev2 orders are late');
  await world.click('oncall', channel, 'I lead');
  await eventually(
    async () => (await world.record(id)).incident.roles['commander'] === world.users['oncall'],
  );
  await world.say('oncall', 'incidents', 'declare');
  await world.submit('oncall', { title: 'declared by a form' });
  await eventually(async () => (await world.texts('incidents')).some((text) => text.includes('by a form')));
  const { ts } = await world.control<{ ts: string }>('POST', 'messages', {
    user: 'dba',
    channel,
    text: 'the index is gone',
  });
  await world.control('POST', 'reactions', { user: 'dba', channel, ts, name: 'pushpin' });
  await eventually(async () =>
    (await world.timeline(id)).some((entry) => entry.includes('the index is gone')),
  );
});

describe('is refused, and leaves no row:', () => {
  let before: number;
  beforeAll(async () => {
    await world.settled();
    before = await inboxRows();
  });
  afterEach(async () => expect(await inboxRows()).toBe(before));

  test.each([
    ['without a signature', () => ({ 'content-type': 'application/x-www-form-urlencoded' }), 401],
    ['signed for another body', () => signed('command=%2Fother', nowS()), 401],
    ['signed six minutes ago', () => signed(COMMAND, nowS() - 360), 401],
    ['dated six minutes ahead', () => signed(COMMAND, nowS() + 360), 401],
    ['without a time', () => ({ ...signed(COMMAND, nowS()), 'x-slack-request-timestamp': '' }), 401],
  ])('%s', async (_what, headers, status) => {
    expect(await post(COMMAND, headers())).toBe(status);
  });

  test('a body that is too long', async () => {
    const body = `text=${'a'.repeat(2_000_000)}`;
    expect(await post(body, signed(body, nowS()))).toBe(413);
  });

  test('a GET', async () => {
    const answer = await fetch(url);
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
    await answer.arrayBuffer();
  });

  test('and is counted, by what became of it', async () => {
    await post(COMMAND, { 'content-type': 'application/x-www-form-urlencoded' });
    const metrics = await (await fetch(new URL('/metrics', url))).text();
    const counted = (outcome: string): RegExp =>
      new RegExp(`^firebreak_http_requests_total\\{entrance="slack",outcome="${outcome}"\\} [1-9]`, 'm');
    expect(metrics).toMatch(counted('accepted'));
    expect(metrics).toMatch(counted('unsigned'));
    expect(metrics).toMatch(counted('too-large'));
  });

  test('a check of the certificate that brings a command along', async () => {
    const body = `ssl_check=1&${COMMAND}`;
    expect(await post(body, { 'content-type': 'application/x-www-form-urlencoded' })).toBe(200);
  });
});

test('an event is sent again while nobody takes it, and counts once', async () => {
  const { id, channel } = await world.declare('declare sev3 sent again');
  await world.stop();
  const { ts } = await world.control<{ ts: string }>('POST', 'messages', {
    user: 'dba',
    channel,
    text: 'said while it was away',
  });
  await world.control('POST', 'reactions', { user: 'dba', channel, ts, name: 'pushpin' });
  url = `${(await world.another()).url}/slack/events`;
  world.slack.deliverTo(url);
  // Slack tries again after a minute and after five.
  await world.advanceAlone(61_000);
  await world.advanceAlone(301_000);
  const told = async (): Promise<readonly string[]> =>
    (await world.timeline(id)).filter((entry) => entry.includes('said while it was away'));
  await eventually(async () => (await told()).length > 0, { within: 15_000 });
  await world.settled();
  expect(await told()).toHaveLength(1);
});
