/** A team is paged level after level until somebody acknowledges; the channel always knows how it stands. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { json, type Receiver, startReceiver } from '../../paging/support.ts';
import { HOUR, labelsOf, MINUTE, openRunning, type Place, type Running, textOf } from '../support.ts';

const SECRET = 'the-secret-of-the-webhook';
const DAY_NAME = new Date().toLocaleDateString('en-US', { weekday: 'long', timeZone: 'UTC' }).toLowerCase();
const day = (offset: number): string => new Date(Date.now() + offset * 24 * HOUR).toISOString().slice(0, 10);

let world: Running;
let pagerDuty: Receiver;
let schedules: Receiver;
let webhook: Receiver;

/** The turn of dba began today, and is followed by that of oncall. */
const rotation = ({ users }: Place) => ({
  people: [users['dba'], users['oncall']],
  hand_off: `${DAY_NAME} 00:00`,
  start: day(0),
});

beforeAll(async () => {
  [pagerDuty, schedules, webhook] = await Promise.all([startReceiver(), startReceiver(), startReceiver()]);
  schedules.answer(json(200, { oncalls: [{ user: { name: 'Sam', email: 'support@example.com' } }] }));
  world = await openRunning({
    env: {
      PAGERDUTY_EVENTS_URL: pagerDuty.url,
      PAGERDUTY_API_URL: schedules.url,
      PD_KEY: 'routing-key-of-payments',
      PD_TOKEN: 'token-of-pagerduty',
      HOOK_URL: `${webhook.url}/pages`,
      HOOK_SECRET: SECRET,
    },
    async config(place) {
      const { users } = place;
      const group = await place.control<{ id: string }>('POST', 'usergroups', {
        handle: 'second-line',
        users: ['commander', 'viewer'],
      });
      return {
        phones: { [users['dba'] ?? '']: '+49 30 111', [users['support'] ?? '']: '+49 30 222' },
        pagerduty: { token_env: 'PD_TOKEN' },
        teams: {
          dba: {
            rotations: { weekly: rotation(place) },
            levels: [
              { on_call: ['weekly'], wait_min: 5 },
              { on_call: [group.id], wait_min: 10 },
              { on_call: ['pagerduty:PSCHED'], wait_min: 15 },
            ],
          },
          payments: {
            on_call: [users['dba']],
            pagerduty: { routing_key_env: 'PD_KEY' },
            webhook: { url_env: 'HOOK_URL', secret_env: 'HOOK_SECRET' },
          },
          holidays: {
            rotations: {
              weekly: {
                ...rotation(place),
                overrides: [{ user: users['support'], from: `${day(-1)} 00:00`, until: `${day(2)} 00:00` }],
              },
            },
            on_call: ['weekly'],
          },
        },
      };
    },
  });
});
beforeEach(() => world.advance(2 * MINUTE));
afterEach(async () => {
  const { rows } = await world.store.query<{ id: number }>(
    "select id from incidents where status not in ('resolved', 'cancelled')",
  );
  for (const { id } of rows) await world.say('oncall', 'incidents', `cancel inc-${id} the test is over`);
  await world.settled();
});
afterAll(async () => {
  await world.close();
  await Promise.all([pagerDuty.close(), schedules.close(), webhook.close()]);
});

const at = (name: string): string => `<@${world.users[name] ?? name}>`;
const paged = async (name: string, incident: number): Promise<readonly string[]> =>
  (await world.texts(`dm-${name}`).catch(() => [])).filter((text) =>
    text.includes(`You are paged for incident ${incident} `),
  );
const pageText = async (channel: string): Promise<readonly string[]> =>
  (await world.texts(channel)).filter((text) => /Paged|acknowledged|declined|could not/.test(text));

test('three levels, each at its time; the last one unanswered is told with whom to call', async () => {
  const { id, channel } = await world.declare('declare sev1 ledger is locked');
  expect(await world.say('oncall', channel, 'escalate dba the ledger does not answer')).toContain(
    `Paging dba: ${at('dba')}.`,
  );
  await world.settled();
  expect(await paged('dba', id)).toEqual([expect.stringContaining('Reason: the ledger does not answer')]);
  const dm = (await world.channel('dm-dba')).messages.at(-1);
  expect(dm && labelsOf(dm)).toEqual(['Acknowledge', 'Decline']);
  expect((await world.channel(channel)).member_names).toContain('dba');

  await world.advance(5 * MINUTE - 4000);
  expect(await paged('commander', id)).toEqual([]);
  await world.advance(4000);
  expect(await paged('commander', id)).toHaveLength(1);
  expect(await paged('viewer', id)).toHaveLength(1);
  await world.advance(10 * MINUTE);
  expect(await paged('support', id)).toHaveLength(1);
  expect(schedules.received.at(-1)?.path).toContain('PSCHED');
  await world.advance(15 * MINUTE);

  expect(await pageText(channel)).toEqual([
    `:pager: Paged dba level 1 of 3 (${at('dba')}): the ledger does not answer, asked for by ${at('oncall')}`,
    `:pager: Paged dba level 1, no answer in 5 min, paging dba level 2 of 3 (${at('commander')}, ${at('viewer')})`,
    `:pager: Paged dba level 2, no answer in 10 min, paging dba level 3 of 3 (${at('support')})`,
    expect.stringMatching(/^:warning: Paged dba level 3, no answer in 15 min, and nobody is left to page/),
  ]);
  const last = (await pageText(channel)).at(-1);
  for (const known of [
    `${at('dba')} (+49 30 111)`,
    `${at('support')} (+49 30 222)`,
    `${at('viewer')} (no number`,
  ])
    expect(last).toContain(known);
  expect((await world.record(id)).incident.escalations).toMatchObject([{ level: 3, state: 'exhausted' }]);

  // Who comes after all is welcome.
  expect(await world.click('dba', 'dm-dba', 'Acknowledge')).toBe('');
  await world.settled();
  expect((await world.record(id)).incident.escalations).toMatchObject([{ state: 'acknowledged' }]);
  expect((await pageText(channel)).at(-1)).toContain(`${at('dba')} acknowledged the page to dba`);
});

test('who acknowledges stops it: nobody else is paged, and their buttons go', async () => {
  const { id, channel } = await world.declare('declare sev1 replica lags');
  await world.say('oncall', channel, 'escalate dba');
  await world.advance(5 * MINUTE);
  expect(await world.click('commander', 'dm-commander', 'Acknowledge')).toBe('');
  await world.settled();
  await world.advance(HOUR);
  expect(await paged('support', id)).toEqual([]);
  for (const other of ['dba', 'viewer']) {
    const dm = (await world.channel(`dm-${other}`)).messages.findLast(({ text }) =>
      text.includes(`incident ${id} `),
    );
    expect(dm && labelsOf(dm)).toEqual([]);
    expect(dm && textOf(dm)).toContain(`${at('commander')} has acknowledged; no answer is needed.`);
  }
  expect(await world.timeline(id)).toContain(`answer: ${at('commander')} acknowledged the page to dba`);
  expect((await world.record(id)).incident.milestones.acknowledged?.by).toBe(world.users['commander']);
});

test('when all of a level decline the next one is paged at once; who declined may come after all', async () => {
  const { id, channel } = await world.declare('declare sev1 index is corrupt');
  await world.say('oncall', channel, 'escalate dba');
  await world.settled();
  await world.click('dba', 'dm-dba', 'Decline');
  await world.settled();
  expect(await paged('commander', id)).toHaveLength(1);
  await world.click('viewer', 'dm-viewer', 'Decline');
  await world.settled();
  expect(await paged('support', id)).toEqual([]);
  await world.click('commander', 'dm-commander', 'Decline');
  await world.settled();
  expect(await paged('support', id)).toHaveLength(1);
  expect(await pageText(channel)).toEqual([
    expect.stringContaining('Paged dba level 1 of 3'),
    `${at('dba')} declined the page to dba`,
    expect.stringContaining('Paged dba level 1, all declined, paging dba level 2 of 3'),
    `${at('viewer')} declined the page to dba`,
    `${at('commander')} declined the page to dba`,
    expect.stringContaining('Paged dba level 2, all declined, paging dba level 3 of 3'),
  ]);
  await world.click('dba', 'dm-dba', 'Acknowledge after all');
  await world.settled();
  await world.advance(HOUR);
  expect((await pageText(channel)).at(-1)).toBe(
    `:white_check_mark: ${at('dba')} acknowledged the page to dba`,
  );
});

test('`ack` answers the page without a button; who was not paged is told so', async () => {
  const { id, channel } = await world.declare('declare sev1 vacuum never ends');
  await world.say('oncall', channel, 'escalate dba');
  expect(await world.say('support', 'general', 'ack')).toContain('You were not paged');
  expect(await world.say('dba', 'general', 'ack')).toContain(`inc-${id} knows that you are coming`);
  expect(await world.say('dba', 'general', 'ack')).toContain('acknowledged by');
});

test('a message that Slack does not take: the channel says so with the number, and the next level is paged', async () => {
  const { id, channel } = await world.declare('declare sev1 sequence ran out');
  await world.control('POST', 'faults', {
    method: 'conversations.open',
    kind: 'error',
    error: 'user_disabled',
  });
  await world.say('oncall', channel, 'escalate dba');
  await world.settled();
  expect(await paged('dba', id)).toEqual([]);
  expect(await paged('commander', id)).toHaveLength(1);
  expect(await pageText(channel)).toEqual([
    expect.stringContaining('Paged dba level 1 of 3'),
    `:warning: The page to ${at('dba')} (dba) could not be sent: user_disabled. Call them: ${at('dba')} (+49 30 111)`,
    expect.stringContaining('Paged dba level 1, none could be reached, paging dba level 2 of 3'),
  ]);
});

test('a bot that was down when the wait ended pages the next level once when it is back', async () => {
  const { id, channel } = await world.declare('declare sev1 wal fills the disk');
  await world.say('oncall', channel, 'escalate dba');
  await world.settled();
  await world.stop();
  await world.advanceAlone(6 * MINUTE);
  await world.start();
  await world.settled();
  expect(await paged('dba', id)).toHaveLength(1);
  expect(await paged('commander', id)).toHaveLength(1);
  await world.stop();
  await world.start();
  await world.settled();
  expect(await pageText(channel)).toEqual([
    expect.stringContaining('Paged dba level 1 of 3'),
    expect.stringContaining('Paged dba level 1, no answer in 5 min, paging dba level 2 of 3'),
  ]);
});

test('PagerDuty and the webhook hear of the page, of the answer and of the end, under one key and signed', async () => {
  const [events, hooks] = [pagerDuty.received.length, webhook.received.length];
  const { id, channel } = await world.declare('declare sev2 cards are refused');
  await world.say('oncall', channel, 'escalate payments no card works');
  await world.settled();
  expect(await pageText(channel)).toEqual([
    expect.stringContaining(`Paged payments (${at('dba')}, PagerDuty, The webhook): no card works`),
  ]);
  await world.click('dba', 'dm-dba', 'Acknowledge');
  await world.settled();
  await world.say('oncall', channel, 'resolve the bank is back');
  await world.settled();

  const bodies = pagerDuty.received
    .slice(events)
    .map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  expect(bodies.map(({ event_action }) => event_action)).toEqual(['trigger', 'acknowledge', 'resolve']);
  for (const body of bodies)
    expect(body).toMatchObject({
      routing_key: 'routing-key-of-payments',
      dedup_key: `firebreak-inc-${id}-1`,
    });
  expect(bodies[0]?.['payload']).toMatchObject({
    severity: 'error',
    summary: expect.stringContaining('cards are refused') as string,
  });

  const posted = webhook.received.slice(hooks);
  for (const { headers, body } of posted)
    expect(isFromFirebreak(headers, body, SECRET, world.clock.now().getTime())).toBe(true);
  expect(isFromFirebreak(posted[0]?.headers ?? {}, posted[0]?.body ?? '', 'another secret')).toBe(false);
  const known = { team: 'payments', incident: id, escalation: 1, level: 1, drill: false };
  expect(posted.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
    expect.objectContaining({
      ...known,
      action: 'trigger',
      people: [world.users['dba']],
      reason: 'no card works',
    }),
    expect.objectContaining({ ...known, action: 'acknowledge' }),
    expect.objectContaining({ ...known, action: 'resolve' }),
  ]);
});

test('resolving stops the paging, and says so in the message of who was paged', async () => {
  const { id, channel } = await world.declare('declare sev1 cursor leaks');
  await world.say('oncall', channel, 'escalate dba');
  await world.settled();
  await world.say('oncall', channel, 'resolve it has stopped');
  await world.settled();
  await world.advance(HOUR);
  expect(await paged('commander', id)).toEqual([]);
  expect(await paged('dba', id)).toEqual([
    expect.stringContaining('The incident has ended; no answer is needed.'),
  ]);
});

test('oncall shows every level, who has the turn and who comes next, and who stands in', async () => {
  const said = await world.say('viewer', 'general', 'oncall');
  expect(said).toContain(`• Level 1: ${at('dba')}, then level 2 after 5 min`);
  expect(said).toMatch(
    new RegExp(`weekly: ${at('dba')} until ${day(7)} 00:00.* next ${at('oncall')} until ${day(14)}`),
  );
  expect(said).toContain(`• Level 2: ${at('commander')}, ${at('viewer')}`);
  expect(said).toContain(`• Level 3: ${at('support')}`);
  const holidays = await world.say('viewer', 'general', 'oncall holidays');
  expect(holidays).toMatch(
    new RegExp(`${at('support')} until ${day(2)} 00:00.*\\(override\\), next ${at('dba')}`),
  );
  expect(holidays).not.toContain('Level');
});

test('a level that cannot be read at first is paged once it can', async () => {
  schedules.answer(json(503, {}));
  const { channel } = await world.declare('declare sev1 quorum is lost');
  await world.say('oncall', channel, 'escalate dba');
  await world.advance(5 * MINUTE);
  await world.advance(10 * MINUTE);
  expect((await pageText(channel)).at(-1)).not.toContain('nobody is left to page');
  schedules.answer(
    json(200, { oncalls: [{ user: { summary: 'Sam', name: 'Sam', email: 'support@example.com' } }] }),
  );
  await world.advance(20_000);
  expect((await pageText(channel)).at(-1)).toMatch(/level 2, no answer in 10 min, paging dba level 3/);
});

test('one source that cannot be read does not keep the others of the team from being found', async () => {
  schedules.answer(json(503, {}));
  const { channel } = await world.declare('declare sev1 partition is missing');
  await world.say('oncall', channel, 'escalate dba');
  await world.advance(5 * MINUTE);
  await world.advance(10 * MINUTE);
  // It is tried again for half a minute before the search ends.
  for (let tries = 0; tries < 5; tries += 1) await world.advance(20_000);
  expect((await pageText(channel)).at(-1)).toMatch(
    /level 2, no answer in 10 min, and nobody is left to page[\s\S]*Could not be read: PagerDuty schedule PSCHED: /,
  );
  schedules.answer(json(200, { oncalls: [] }));
});

/** As docs/paging.md has it. */
function isFromFirebreak(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  body: string,
  secret: string,
  now = Date.now(),
): boolean {
  const timestamp = String(headers['x-firebreak-timestamp'] ?? '');
  const expected = `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
  const found = Buffer.from(String(headers['x-firebreak-signature'] ?? ''));
  const right = Buffer.from(expected);
  const fresh = Math.abs(now / 1000 - Number(timestamp)) < 300;
  return fresh && found.length === right.length && timingSafeEqual(found, right);
}
