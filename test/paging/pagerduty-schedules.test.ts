import { FirebreakError } from '../../src/errors.ts';
import { createWhoIsOnCall } from '../../src/paging/pagerduty-schedules.ts';
import { json, type Receiver, startReceiver } from './support.ts';

const TOKEN = 'token-hunter2';

let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

const whoIsOnCall = (timeoutMs = 5000, rest = receiver.url) =>
  createWhoIsOnCall(
    { teams: {}, pagerDutyToken: TOKEN, apiUrls: { events: rest, rest } },
    timeoutMs,
  )('PABC123');
const failure = async (asked: Promise<unknown>): Promise<string> => {
  const error: unknown = await asked.catch((thrown: unknown) => thrown);
  if (!(error instanceof FirebreakError)) throw new Error('no coded error', { cause: error });
  expect(`${error.message} ${error.fix}`).not.toContain('hunter2');
  return `${error.code} ${error.message}`;
};
const entry = (name: string, email: string, policy: string) => ({
  escalation_policy: { id: policy, type: 'escalation_policy_reference' },
  escalation_level: 1,
  schedule: { id: 'PABC123', type: 'schedule_reference' },
  user: { id: `P${name}`, type: 'user', name, email, time_zone: 'Europe/Berlin' },
  start: '2026-06-01T09:00:00Z',
  end: null,
});

describe('who is on call by a schedule of PagerDuty', () => {
  it('is asked for now, with the people, by version 2 of the API', async () => {
    receiver.answer(json(200, { oncalls: [entry('Ana', 'ana@example.com', 'P1')], more: false, limit: 100 }));
    expect(await whoIsOnCall()).toMatchObject([{ name: 'Ana', email: 'ana@example.com' }]);
    const [asked] = receiver.received;
    const url = new URL(asked?.path ?? '', receiver.url);
    expect([asked?.method, url.pathname]).toEqual(['GET', '/oncalls']);
    expect([...url.searchParams]).toEqual([
      ['schedule_ids[]', 'PABC123'],
      ['include[]', 'users'],
      ['earliest', 'true'],
      ['limit', '100'],
    ]);
    expect(asked?.headers).toMatchObject({
      authorization: `Token token=${TOKEN}`,
      accept: 'application/vnd.pagerduty+json;version=2',
    });
  });

  it('is each person once, however many escalation policies the schedule is in', async () => {
    const oncalls = [
      entry('Ana', 'ana@example.com', 'P1'),
      entry('Ben', 'ben@example.com', 'P1'),
      entry('Ana', 'ana@example.com', 'P2'),
    ];
    receiver.answer(json(200, { oncalls }));
    expect(await whoIsOnCall()).toEqual([
      { name: 'Ana', email: 'ana@example.com' },
      { name: 'Ben', email: 'ben@example.com' },
    ]);
    receiver.answer(json(200, { oncalls: [] }));
    expect(await whoIsOnCall()).toEqual([]);
  });

  it.each([
    [
      401,
      { error: { message: `Bad token ${TOKEN}`, code: 2006 } },
      'REFUSED',
      'it answered 401, Bad token [secret]',
    ],
    [403, 'no json', 'REFUSED', 'it answered 403'],
    [404, {}, 'REFUSED', 'it answered 404'],
    [302, '', 'REFUSED', 'it answered 302'],
    [
      429,
      { error: { message: 'Rate Limit Exceeded', code: 2020 } },
      'UNAVAILABLE',
      '429, Rate Limit Exceeded',
    ],
    [500, 'no json', 'UNAVAILABLE', 'it answered 500'],
    [200, 'no json', 'UNREADABLE', 'PABC123'],
    [200, { oncalls: [{ user: { type: 'user_reference', summary: 'Ana' } }] }, 'UNREADABLE', 'PABC123'],
  ])('is an error when it answers %i %j', async (status, body, code, words) => {
    receiver.answer(json(status, body, status === 302 ? { location: 'http://127.0.0.1:1/' } : {}));
    const told = await failure(whoIsOnCall());
    expect(told).toMatch(new RegExp(`^PAGERDUTY_${code} `));
    expect(told).toContain(words);
  });

  it('is an error when it is silent, away, or there is no token', async () => {
    receiver.answer(() => undefined);
    expect(await failure(whoIsOnCall(200))).toMatch(/^PAGERDUTY_UNAVAILABLE .*no answer within 0\.2 s/);
    expect(await failure(whoIsOnCall(200, 'http://127.0.0.1:1'))).toMatch(
      /^PAGERDUTY_UNAVAILABLE .*the connection failed/,
    );
    const apiUrls = { events: receiver.url, rest: receiver.url };
    expect(await failure(createWhoIsOnCall({ teams: {}, apiUrls })('PABC123'))).toMatch(
      /^PAGERDUTY_TOKEN_MISSING /,
    );
    expect(receiver.received).toHaveLength(1);
  });
});
