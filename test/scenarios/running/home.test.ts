/** What one person alone is shown: their App Home, and how it stands for who joins late. */
import type { Release } from '../../../sandbox/story/releases.ts';
import { captureMigrations } from '../../../src/databases/history.ts';
import { dayOn } from '../../../src/domain/when.ts';
import { breakShop, type TestShop, testShop } from '../../sandbox/story/support.ts';
import { eventually } from '../../support/eventually.ts';
import { buttonsOf, DAY, labelsOf, MINUTE, openRunning, type Running } from '../support.ts';

let shop: TestShop;
let release: Release;
let world: Running;
beforeAll(async () => {
  shop = await testShop(1, 200);
  release = await breakShop(shop);
  world = await openRunning({
    env: { SHOP_DIAG_URL: shop.urls.diag, SHOP_ACT_URL: shop.urls.act, SHOP_DDL_URL: shop.urls.owner },
    config: () => ({
      targets: {
        shop: { diag_url_env: 'SHOP_DIAG_URL', act_url_env: 'SHOP_ACT_URL', ddl_url_env: 'SHOP_DDL_URL' },
      },
    }),
  });
  await world.app.capture(
    'shop',
    await captureMigrations({ tool: 'node-pg-migrate', dir: shop.migrationsDir }),
  );
});
beforeEach(() => world.advance(MINUTE));
afterAll(async () => {
  await world.close();
  await shop.close();
});

const at = (name: string): string => `<@${world.users[name] ?? name}>`;
const inDays = (days: number): string => dayOn(new Date(world.clock.now().getTime() + days * DAY), 'UTC');

test('the home shows my incidents before those of others, and private ones to nobody who is not in them', async () => {
  const mine = await world.declare('declare sev1 lamps are out');
  const other = await world.declare('declare sev3 coffee is cold', 'commander');
  const hidden = await world.declare('declare --private sev2 badge was stolen', 'commander');
  const { text } = await world.home('oncall');
  expect(text).toMatch(
    new RegExp(
      `My open incidents[\\s\\S]*inc-${mine.id} SEV1[\\s\\S]*Other open incidents[\\s\\S]*inc-${other.id} SEV3`,
    ),
  );
  expect(text).not.toContain('badge');
  expect((await world.home('commander')).text).toContain(`*PRIVATE* inc-${hidden.id} SEV2`);
  expect(text).toContain(`On call now\n*database*\n• ${at('dba')}`);

  await world.say('oncall', mine.channel, 'resolve a fuse');
  expect((await world.home('oncall')).text).toMatch(/My open incidents\nNone\. `\/incident declare/);
  for (const { channel } of [other, hidden]) await world.say('commander', channel, 'cancel the test is over');
});

test('what I have to do: overdue first, then by its day, and done by a button', async () => {
  const { id, channel } = await world.declare('declare sev3 shelves are bent');
  await world.say('oncall', channel, 'action order new shelves @support');
  await world.say('oncall', channel, `action measure the hall @support due ${inDays(30)}`);
  await world.say('oncall', channel, `action prop up the old ones @support due ${inDays(1)}`);
  await world.say('oncall', channel, 'action somebody else does this @dba');
  await world.say('oncall', channel, 'cancel nothing fell');
  await world.advance(3 * DAY);
  const home = await world.home('support');
  const items = home.text.split('\n').filter((line) => line.includes(`inc-${id}:`));
  expect(items).toEqual([
    expect.stringMatching(/:red_circle: \*overdue\* inc-\d+: prop up the old ones/),
    expect.stringMatching(/^inc-\d+: measure the hall \(due /),
    expect.stringMatching(/^inc-\d+: order new shelves \(no deadline\)/),
  ]);
  const [done] = buttonsOf({ ts: '', blocks: home.blocks });
  await world.control('POST', 'actions', {
    user: 'support',
    view_id: home.id,
    action_id: done?.action_id,
    value: done?.value,
  });
  await world.settled();
  expect((await world.home('support')).text).not.toContain('overdue');
  expect(await world.timeline(id)).toContain('action: Action item 3 done: prop up the old ones');
});

test('a plan that waits for a yes stands in the home of who may give it, whole, and is decided there', async () => {
  const { id, channel } = await world.declare('declare sev1 status page is empty');
  expect(await world.say('oncall', channel, `rollback ${release.name}`)).toContain('Run 1 started');
  const { run } = await eventually(async () => {
    const [found] = (await world.record(id)).runs;
    return found?.state === 'awaiting_approval' && { run: found };
  });
  const home = await world.home('dba');
  expect(home.text).toMatch(/Waiting for your approval[\s\S]*run 1: [\s\S]*Plan `/);
  expect(labelsOf(home)).toEqual(expect.arrayContaining(['Approve', 'Refuse']));
  for (const user of ['oncall', 'commander'])
    expect((await world.home(user)).text).not.toContain('Waiting for your approval');

  const refuse = buttonsOf({ ts: '', blocks: home.blocks }).find(({ label }) => label === 'Refuse');
  await world.control('POST', 'actions', {
    user: 'dba',
    view_id: home.id,
    action_id: refuse?.action_id,
    value: refuse?.value,
  });
  await world.settled();
  expect((await world.record(run.incidentId)).runs[0]?.state).toBe('cancelled');
  expect((await world.home('dba')).text).not.toContain('Waiting for your approval');
  await world.say('oncall', channel, 'cancel the test is over');
});

test('who joins late is offered to be caught up, alone; who declared is not', async () => {
  const { id, channel } = await world.declare('declare sev2 tills do not open');
  await world.say('oncall', channel, 'lead');
  await world.say('oncall', channel, 'scribe @commander');
  await world.say('oncall', channel, 'severity sev1');
  await world.say('oncall', channel, 'impact nobody can pay');
  await world.say('oncall', channel, 'summary the drawer firmware is broken');
  await world.say('oncall', channel, 'status identified');
  await world.say('oncall', channel, 'update we flash the old firmware');
  await world.say('oncall', channel, 'escalate database who knows tills?');
  await world.say('oncall', channel, 'action test firmware @dba');
  await world.say('oncall', channel, 'rename tills do not open in shop nine');
  await world.settled();
  const name = `inc-${id}-tills-do-not-open-in-shop-nine`;

  await world.control('POST', 'members', { user: 'viewer', channel: name, by: 'viewer' });
  await eventually(async () => (await world.whispers('viewer', name)).length > 0);
  expect(await world.whispers('viewer', name)).toEqual([
    expect.stringContaining('You have just joined. Shall I tell you how it stands?'),
  ]);
  expect(await world.whispers('oncall', name)).not.toContainEqual(expect.stringContaining('just joined'));

  await world.advance(4 * MINUTE);
  const before = (await world.channel(name)).messages.length;
  const told = await world.click('viewer', name, 'Catch me up');
  expect(told).toContain(`*inc-${id}* tills do not open in shop nine`);
  expect(told).toMatch(/\*sev1\*, \*identified\* for 4 min.*; it began 4 min/);
  expect(told).toContain('Summary: the drawer firmware is broken\nImpact: nobody can pay');
  expect(told).toMatch(/Last update 4 min.* ago by .*: we flash the old firmware/);
  expect(told).toContain(`• Incident commander: ${at('oncall')}\n• Scribe: ${at('commander')}`);
  const decisions = /\*Last decisions\*\n([\s\S]*?)\n\*[A-Z]/.exec(told)?.[1]?.split('\n') ?? [];
  expect(decisions.map((line) => line.replace(/^• .*?>: /, ''))).toEqual([
    `Scribe: ${at('commander')}`,
    'Severity sev2 → sev1',
    'Status investigating → identified',
    `Paged database (${at('dba')}): who knows tills?`,
    'Title: tills do not open → tills do not open in shop nine',
  ]);
  expect(told).toContain('*Running*\n• paging database, level 1');
  expect(told).toMatch(/\*Due\*\n• update by .*\n/);
  expect(told).toContain(`• action item 1: test firmware (${at('dba')}, no deadline)`);
  expect((await world.channel(name)).messages).toHaveLength(before);
  expect(await world.say('viewer', 'general', `catchup inc-${id}`)).toContain('tills do not open');
});
