/** Who may do what, asked of the local Slack at the moment of the act; a refusal says who could, and how to be one. */
import type { Reply } from '../../src/app/command.ts';
import type { Settings } from '../../src/domain/settings.ts';
import { type Firebreak, startFirebreak } from '../slack/firebreak.ts';
import { openWorld, type World } from '../slack/support.ts';

type Permission = 'declare' | 'respond' | 'dangerous';

let world: World;
let bot: Firebreak;
let group: string;
let bystander: string;
const id = (name: string): string => world.slack.users[name] ?? name;

beforeAll(async () => {
  world = await openWorld();
  bot = await startFirebreak(world);
  ({ id: group } = await world.control<{ id: string }>('POST', 'usergroups', {
    handle: 'sre',
    users: ['support'],
  }));
  for (const [name, kind] of [
    ['gert', 'guest'],
    ['fred', 'foreign'],
    ['mara', 'member'],
  ] as const) {
    const { id: made } = await world.control<{ id: string }>('POST', 'users', { name, kind });
    Object.assign(world.slack.users, { [name]: made });
  }
  await world.control('PATCH', 'users', { name: 'mara', deactivated: true });
  bystander = (await world.identity.get()).botUserId;
  await bot.declared();
});
afterAll(async () => {
  await bot.stop();
  await world.close();
});

const say = (actor: string, text: string): Promise<Reply> =>
  bot.dispatch({ text, actor, receivedAt: bot.clock.now() });
const only = (permission: Permission, named: Settings['permissions'][Permission]): void =>
  bot.permit({ declare: [], respond: [], dangerous: [], [permission]: named });

/** A line that takes the permission, and what it answers when that is there. */
const LINES: Readonly<Record<Permission, { readonly line: string; readonly done: RegExp }>> = {
  declare: { line: 'declare --anyway sev4 the printer is out of paper', done: /declared/ },
  respond: { line: 'note inc-1 seen', done: /Noted/ },
  // There is no target here: the right was enough to get so far.
  dangerous: { line: 'rollback inc-1 m1', done: /no runbook/ },
};
const PERMISSIONS = Object.keys(LINES) as readonly Permission[];

describe.each(PERMISSIONS)('%s', (permission) => {
  const { line, done } = LINES[permission];

  test.each([['viewer'], ['support']])('is there for %s who is named, alone or by a group', async (name) => {
    only(permission, [id('viewer'), group]);
    expect((await say(id(name), line)).text).toMatch(done);
  });

  test('is refused to a member who is not named: it says who could, and how to be one', async () => {
    only(permission, [id('viewer'), group]);
    const { text, refused } = await say(id('dba'), line);
    expect(refused).toBe(true);
    expect(text).toContain(`<@${id('viewer')}>, <!subteam^${group}>`);
    expect(text).toContain(`added to \`permissions.${permission}\` in firebreak.yml`);
  });

  test('that names nobody is refused to everybody, and says so', async () => {
    only(permission, []);
    expect((await say(id('viewer'), line)).text).toContain('Those who are: nobody');
  });

  test('that is not in the configuration is there for every full member', async () => {
    only(permission, undefined);
    expect((await say(id('dba'), line)).text).toMatch(done);
  });

  test.each([
    ['gert', 'guest'],
    ['fred', 'foreign'],
    ['mara', 'deactivated'],
    ['the bot', 'bot'],
  ])('is refused to %s though they are named or everybody is (%s)', async (name, standing) => {
    const actor = name === 'the bot' ? bystander : id(name);
    for (const named of [[actor], undefined]) {
      only(permission, named);
      const { text, refused } = await say(actor, line);
      expect(refused).toBe(true);
      expect(text).toContain(standing);
      expect(text).toContain('Only full members');
    }
  });

  test('goes with the group: who leaves it may no more', async () => {
    only(permission, [group]);
    expect((await say(id('support'), line)).text).toMatch(done);
    await world.control('PATCH', 'usergroups', { handle: 'sre', users: ['viewer'] });
    expect((await say(id('support'), line)).refused).toBe(true);
    await world.control('PATCH', 'usergroups', { handle: 'sre', users: ['support'] });
  });

  test('is the least that it takes: the other two do not need it', async () => {
    bot.permit({ declare: undefined, respond: undefined, dangerous: undefined, [permission]: [] });
    for (const other of PERMISSIONS.filter((each) => each !== permission))
      expect((await say(id('dba'), LINES[other].line)).text).toMatch(LINES[other].done);
  });
});

test('reading takes nothing, and who was paged may answer whatever else they may do', async () => {
  bot.permit({ declare: [], respond: [], dangerous: [] });
  for (const line of [
    'list',
    'status inc-1',
    'timeline inc-1',
    'catchup inc-1',
    'oncall',
    'help',
    'severity inc-1',
    'impact inc-1',
  ])
    expect((await say(id('viewer'), line)).refused).toBeUndefined();
  await bot.app.escalate(1, { by: id('oncall'), team: 'database' });
  expect((await say(id('dba'), 'ack')).text).toContain('Acknowledged');
});

test('a role in the incident is no right', async () => {
  bot.permit({ respond: [id('dba')] });
  await bot.app.act(1, { kind: 'role', by: id('dba'), role: 'commander', user: id('viewer') });
  expect((await say(id('viewer'), 'resolve inc-1')).refused).toBe(true);
});

test('while Slack does not say who people are, the named may declare and respond, and nothing dangerous is begun', async () => {
  bot.permit({ declare: [id('dba')], respond: [id('dba')], dangerous: [id('dba')] });
  const outcomes: Record<string, boolean> = {};
  for (const permission of PERMISSIONS) {
    await world.fault({ method: 'users.info', kind: 'error', error: 'internal_error' });
    const { text } = await say(id('dba'), LINES[permission].line);
    outcomes[permission] = LINES[permission].done.test(text);
  }
  expect(outcomes).toEqual({ declare: true, respond: true, dangerous: false });
});

test('what Slack said of a group within the last minute holds while it says 429, but not for what is dangerous', async () => {
  bot.permit({ declare: [group], respond: [group], dangerous: [group] });
  // More than the 20 looks a minute that Slack allows.
  const outcomes: string[] = [];
  for (let count = 0; count < 25; count += 1)
    outcomes.push((await say(id('support'), 'note inc-1 seen')).text);
  expect(outcomes).toEqual(Array(25).fill('Noted.'));
  const dangerous = await say(id('support'), LINES.dangerous.line);
  expect(dangerous.text).toContain('Slack does not answer who you are');
  // Who was seen to be in none is not let in by it.
  expect((await say(id('dba'), 'note inc-1 seen')).refused).toBe(true);
  bot.clock.advance(61_000);
  await world.fault({ method: 'usergroups.users.list', kind: 'ratelimit', retry_after: 30 });
  expect((await say(id('support'), 'note inc-1 seen')).text).toContain('Slack does not answer who you are');
});

test('a group that cannot be read keeps nobody of another one out', async () => {
  bot.permit({ respond: ['S0GONE00000', group] });
  bot.clock.advance(120_000);
  await world.control('POST', 'clock', { advance_ms: 120_000 });
  expect((await say(id('support'), 'note inc-1 seen')).text).toBe('Noted.');
});

test.each([
  ['gert', 'guest'],
  ['fred', 'foreign'],
  ['mara', 'deactivated'],
])('%s (%s) does not even read: a shared channel must not open all incidents', async (name, standing) => {
  for (const line of ['list', 'status inc-1', 'timeline inc-1', 'catchup inc-1', 'oncall', 'health']) {
    const { text, refused } = await say(id(name), line);
    expect([refused, text]).toEqual([true, expect.stringContaining(standing)]);
  }
  const { mine, others, onCall } = await bot.app.home(id(name));
  expect([mine, others, onCall]).toEqual([[], [], {}]);
});

test('whoever was not seen to be a stranger may read while Slack does not answer', async () => {
  await world.fault({ method: 'users.info', kind: 'error', error: 'internal_error' });
  expect((await say(id('viewer'), 'status inc-1')).refused).toBeUndefined();
  await say(id('gert'), 'list');
  await world.fault({ method: 'users.info', kind: 'error', error: 'internal_error' });
  expect((await say(id('gert'), 'list')).refused).toBe(true);
});
