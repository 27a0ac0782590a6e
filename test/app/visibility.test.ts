/** A private incident: who may know of it, and that no other place tells of it. Slack is the local one. */
import type { Reply } from '../../src/app/command.ts';
import { type Firebreak, startFirebreak } from '../slack/firebreak.ts';
import { openWorld, type World } from '../slack/support.ts';
import { eventually } from '../support/eventually.ts';

const TITLE = 'a signing key has leaked';

let world: World;
let bot: Firebreak;
let user: (name: string) => string;
let channel: string;
let group: string;

beforeEach(async () => {
  world = await openWorld();
  user = (name) => world.slack.users[name] ?? '';
  bot = await startFirebreak(world);
  ({ id: group } = await world.control<{ id: string }>('POST', 'usergroups', {
    handle: 'security',
    users: ['support'],
  }));
  ({ channel } = await bot.declared(TITLE, 'declare --private sev1'));
});
afterEach(async () => {
  await bot.stop();
  await world.close();
});

const say = (name: string, text: string, channelId?: string): Promise<Reply> =>
  bot.dispatch({
    text,
    actor: user(name) || name,
    receivedAt: bot.clock.now(),
    ...(channelId ? { channelId } : {}),
  });
const heard = async (name: string, text: string, channelId?: string): Promise<string> =>
  JSON.stringify(await say(name, text, channelId));
const sees = (name: string): Promise<boolean> => bot.app.isVisible(1, user(name) || name);

describe('a private incident may be known to', () => {
  test('members of its channel, as long as they are', async () => {
    expect([await sees('oncall'), await sees('dba')]).toEqual([true, false]);
    await world.client.conversations.invite({ channel, users: user('dba') });
    expect(await sees('dba')).toBe(true);
    await world.client.conversations.kick({ channel, user: user('dba') });
    expect(await sees('dba')).toBe(false);
  });

  test('people and groups whom the configuration names', async () => {
    expect([await sees('viewer'), await sees('support')]).toEqual([false, false]);
    bot.permit({ private: [user('viewer'), group] });
    expect([await sees('viewer'), await sees('support'), await sees('dba')]).toEqual([true, true, false]);
  });

  test('its members also when a group that is named is gone', async () => {
    bot.permit({ private: ['S0GONE0000'] });
    expect([await sees('oncall'), await sees('dba')]).toEqual([true, false]);
  });

  test('who declared it before its channel is there, and nobody else', async () => {
    await world.store.query('update incidents set channel_id = null');
    bot.permit({ private: [user('viewer')] });
    expect([await sees('oncall'), await sees('viewer'), await sees('dba')]).toEqual([true, false, false]);
  });

  test('nobody whom Slack does not confirm', async () => {
    await world.fault({ method: 'conversations.members', kind: 'error', error: 'internal_error', times: 20 });
    expect(await sees('oncall')).toBe(false);
    expect(await heard('oncall', 'list')).not.toContain(TITLE);
  });

  test('no terminal, which cannot declare one either: nobody would be in its channel', async () => {
    const { refused, text } = await say('terminal:root@db', 'declare --private sev1 another key');
    expect(refused).toBe(true);
    expect(text).toContain('declare --private');
    expect(await sees('terminal:root@db')).toBe(false);
    expect(await heard('terminal:root@db', 'list all')).not.toContain(TITLE);
  });
});

describe('of a private incident a stranger learns nothing', () => {
  afterEach(async () => {
    // Neither by a title nor by the channel.
    for (const public_ of ['incidents', 'general'])
      expect(JSON.stringify(await world.messages(public_))).not.toMatch(new RegExp(`${TITLE}|${channel}`));
  });

  test.each(['list', 'list all', 'list mine', 'list sev1', 'status', 'note x', 'ack', 'ack inc-1'])(
    'by `%s`',
    async (line) => {
      const answer = await heard('dba', line);
      expect(answer).not.toContain(TITLE);
      expect(answer).not.toContain(channel);
      // The example of how to name one is no word about this one.
      expect(answer.replace('inc-1 …', '')).not.toContain('inc-1');
    },
  );

  test.each([
    'status inc-1',
    'inc-1',
    'timeline inc-1',
    'catchup inc-1',
    'note inc-1 x',
    'postmortem inc-1',
    'lead inc-1',
    'resolve inc-1',
    'action inc-1',
    'rollback inc-1',
    'run inc-1 first-five-minutes',
    'settle inc-1 1 1 happened x',
  ])('by `%s`: it is as one that does not exist', async (line) => {
    const answer = await say('dba', line);
    expect(answer.text).toContain('There is no incident 1.');
    expect((await say('dba', line.replace('inc-1', 'inc-77'))).text).toBe(
      answer.text.replaceAll('1.', '77.').replace('incident 1', 'incident 77'),
    );
    expect((await bot.app.incident(1))?.status).toBe('investigating');
  });

  test('by declaring the same: no warning, but who may know of it is warned', async () => {
    const { refused, text } = await say('dba', `declare sev1 ${TITLE}`);
    expect(refused).toBeUndefined();
    expect(text).toContain('Incident 2');
    await bot.app.act(2, { kind: 'cancel', by: user('dba'), reason: 'x' });
    await bot.app.act(2, { kind: 'rename', by: user('dba'), title: 'something else' });
    expect(await heard('oncall', `declare sev1 ${TITLE}`)).toContain('inc-1');
    await eventually(async () => (await world.messages('incidents')).length > 0);
    // It said the words itself; they stand in its own announcement no more.
    await bot.settled();
  });

  test('by declaring something else, which does not wait for Slack to say who is in its channel', async () => {
    await world.fault({
      method: 'conversations.members',
      kind: 'latency',
      effect: 'after',
      ms: 3000,
      times: 9,
    });
    const began = performance.now();
    expect((await say('dba', 'declare sev1 checkout is slow')).text).toContain('Incident 2');
    expect(performance.now() - began).toBeLessThan(2000);
  });

  test('by `duplicate`, with the number or the channel', async () => {
    await say('dba', 'declare sev2 checkout is slow');
    await bot.settled();
    const own = (await bot.app.incident(2))?.channelId;
    expect(await heard('dba', 'duplicate inc-1', own)).toContain('There is no incident 1.');
    const linked = await heard('dba', `duplicate <#${channel}>`, own);
    expect(linked).toContain('names no incident');
    expect(linked).not.toMatch(/incident 1|inc-1/);
    // Nor are its members brought into a public one, though they know of both.
    const wish = await heard('oncall', 'inc-1 duplicate inc-2');
    expect((await bot.app.incident(1))?.status).toBe('investigating');
    expect(wish).not.toContain('Closed');
  });

  test('by what could not be delivered: who leads it is told', async () => {
    await world.fault({ method: 'chat.postMessage', kind: 'error', error: 'msg_too_long' });
    await bot.app.act(1, { kind: 'account', by: user('oncall'), account: 'impact', text: 'customers' });
    await bot.settled();
    expect(JSON.stringify(await world.messages('incidents'))).not.toContain('incident:1');
    await eventually(async () => JSON.stringify(await world.messages('dm-oncall')).includes('msg_too_long'));
  });

  test('by its whole life: nothing is announced, and support hears nothing', async () => {
    for (const line of [
      'severity sev2',
      'update we know more',
      'rename another title',
      'status mitigated',
      'resolve done',
    ])
      expect((await say('oncall', line, channel)).refused).toBeUndefined();
    await bot.settled();
    expect(await world.messages('incidents')).toEqual([]);
    expect(await heard('dba', 'list all')).not.toContain('another title');
  });
});

test('who is paged for a private incident may answer, and is in it by then', async () => {
  await bot.app.escalate(1, { by: user('oncall'), team: 'database' });
  await bot.settled();
  expect((await say('dba', 'ack')).text).toContain('inc-1');
  expect((await bot.app.incident(1))?.pages[0]?.answer?.kind).toBe('acknowledged');
  expect(await sees('dba')).toBe(true);
  expect((await say('viewer', 'ack inc-1')).refused).toBe(true);
});
