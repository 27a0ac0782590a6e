/** Who may see and do what: private incidents, user groups that change in Slack, guests, bots and people who have left. */
import { eventually } from '../../support/eventually.ts';
import { MINUTE, openRunning, type Running } from '../support.ts';

let world: Running;
let group: string;
beforeAll(async () => {
  world = await openRunning({
    async config(place) {
      const { users } = place;
      for (const user of [
        { name: 'guest', kind: 'guest' },
        { name: 'partner', kind: 'foreign' },
        { name: 'leaver' },
        { name: 'auditor' },
      ])
        await place.control('POST', 'users', user);
      const { id } = await place.control<{ id: string }>('POST', 'usergroups', {
        handle: 'responders',
        users: ['commander', 'support', 'leaver', 'guest'],
      });
      group = id;
      const { users: known } = await place.control<{ users: { name: string; id: string }[] }>('GET', 'state');
      const auditor = known.find(({ name }) => name === 'auditor')?.id;
      return {
        permissions: {
          declare: [users['oncall'], id],
          respond: [users['oncall'], users['dba'], id],
          dangerous: [users['dba']],
          approve: [users['dba']],
          private: [auditor],
        },
      };
    },
  });
});
/** usergroups.users.list may be asked twenty times a minute. */
beforeEach(() => world.advance(2 * MINUTE));
afterAll(() => world.close());

describe('a private incident', () => {
  let hidden: { readonly id: number; readonly channel: string };
  beforeAll(async () => {
    hidden = await world.declare('declare --private sev1 payroll table was copied');
    await world.say('oncall', hidden.channel, 'lead');
    await world.say('oncall', hidden.channel, 'update we look at the access logs');
    await world.settled();
  });

  test('is seen by its members and by those whom permissions.private names, and by nobody else', async () => {
    expect((await world.channel(hidden.channel)).is_private).toBe(true);
    for (const user of ['oncall', 'auditor']) {
      expect(await world.say(user, 'general', 'list')).toContain('[PRIVATE]');
      expect(await world.say(user, 'general', `status inc-${hidden.id}`)).toContain('payroll table');
      expect((await world.home(user)).text).toContain('payroll table');
    }
    for (const user of ['support', 'viewer', 'dba']) {
      expect(await world.say(user, 'general', 'list all')).not.toContain('payroll');
      expect(await world.say(user, 'general', `status inc-${hidden.id}`)).toContain(
        `There is no incident ${hidden.id}`,
      );
      expect(await world.say(user, 'general', `catchup inc-${hidden.id}`)).not.toContain('payroll');
      expect((await world.home(user)).text).not.toContain('payroll');
    }
    expect(await world.say('support', 'general', 'note something')).not.toContain('payroll');
  });

  test('is told of in no other channel, and not by a likely duplicate', async () => {
    for (const place of ['incidents', 'general'])
      expect((await world.texts(place)).join('\n')).not.toContain('payroll');
    expect((await world.texts('general')).join('\n')).not.toContain('access logs');

    const said = await world.say('oncall', 'general', 'declare sev2 payroll table copied');
    expect(said).toContain(`This may be open already: inc-${hidden.id}`);
    const other = await world.say('support', 'general', 'declare sev2 payroll table copied');
    expect(other).toContain('declared: *payroll table copied*');
    expect(other).not.toContain(`inc-${hidden.id}`);
    await world.settled();
    await world.say('support', 'general', `cancel inc-${hidden.id + 1} it was known`);
  });

  test('a public one is not closed as its duplicate, and a stranger may not name it', async () => {
    const open = await world.declare('declare sev2 salary slips are wrong');
    expect(await world.say('support', open.channel, `duplicate inc-${hidden.id}`)).toContain(
      `There is no incident ${hidden.id}`,
    );
    expect(await world.say('oncall', open.channel, `duplicate inc-${hidden.id}`)).toContain('private');
    await world.say('oncall', open.channel, 'cancel the test is over');
  });

  test('what Slack refuses of it is told to who leads it, not in the incidents channel', async () => {
    const before = await world.texts('incidents');
    await world.control('POST', 'faults', {
      method: 'conversations.setTopic',
      kind: 'error',
      error: 'no_permission',
    });
    await world.say('oncall', hidden.channel, 'severity sev2');
    await world.settled();
    expect(await world.texts('incidents')).toEqual(before);
    expect((await world.texts('dm-oncall')).at(-1)).toContain(
      '`topic` for `incident:1` was refused for good',
    );
  });

  test('who is invited sees it from then on; who has left sees it no more', async () => {
    await world.control('POST', 'members', { user: 'support', channel: hidden.channel, by: 'oncall' });
    expect(await world.say('support', 'general', 'list')).toContain('payroll table');
    expect(await world.say('support', hidden.channel, 'note I have the list of readers')).toContain('Noted');
    await world.say('oncall', hidden.channel, 'role deputy @dba');
    await eventually(async () => (await world.channel(hidden.channel)).member_names.includes('dba'));
    expect(await world.say('dba', 'general', `status inc-${hidden.id}`)).toContain('payroll table');
  });
});

describe('a right', () => {
  test('is read from Slack at each act: who was taken out of the group is refused at the next one', async () => {
    const { channel } = await world.declare('declare sev2 mail queue grows', 'commander');
    expect(await world.say('support', channel, 'note the queue has 4000 mails')).toContain('Noted');
    await world.control('PATCH', 'usergroups', { handle: 'responders', users: ['commander'] });
    const refused = await world.say('support', channel, 'note the queue has 5000 mails');
    expect(refused).toContain('You are not in `permissions.respond`');
    expect(refused).toContain(`<@${world.users['oncall']}>, <@${world.users['dba']}>, <!subteam^${group}>`);
    expect(refused).toContain('have yourself added to `permissions.respond` in firebreak.yml');
    expect(await world.say('support', channel, 'status')).toContain('mail queue grows');
    await world.control('PATCH', 'usergroups', {
      handle: 'responders',
      users: ['commander', 'support', 'leaver', 'guest'],
    });
    expect(await world.say('support', channel, 'note the queue has 6000 mails')).toContain('Noted');
    expect((await world.timeline(2 + 2)).join('\n')).not.toContain('5000');
  });

  test('is not given by a role: a commander who may not act stays one in name', async () => {
    const { channel } = await world.declare('declare sev2 fax machine burns');
    expect(await world.say('oncall', channel, 'lead @viewer')).toContain('Incident commander is now');
    await world.settled();
    expect(await world.say('viewer', channel, 'update I am in charge')).toContain(
      'not in `permissions.respond`',
    );
    expect(await world.say('viewer', channel, 'run migration-rollback migration=m1')).toContain(
      '`permissions.dangerous`',
    );
    expect(await world.say('oncall', channel, 'run migration-rollback migration=m1')).toContain(
      '`permissions.dangerous`',
    );
    expect(await world.say('viewer', channel, 'declare sev1 take over')).toContain('`permissions.declare`');
    expect(await world.click('viewer', channel, 'Mitigated')).toContain('not in `permissions.respond`');
  });

  test('is for full members only: guests, people who have left and people from elsewhere are told who can help', async () => {
    const { id, channel } = await world.declare('declare sev2 badge printer jams');
    await world.control('POST', 'members', { user: 'guest', channel, by: 'oncall' });
    const refused = await world.say('guest', channel, 'note I am named in the group');
    expect(refused).toContain('Only full members of this workspace may do that; Slack says you are: guest');
    expect(refused).toContain('Ask a member of the workspace to type it');

    // Foreign people have no commands, but they can mention the bot in a shared channel.
    await world.control('POST', 'members', { user: 'partner', channel, by: 'oncall' });
    await world.control('POST', 'messages', {
      user: 'partner',
      channel,
      text: '@firebreak note from elsewhere',
    });
    await eventually(async () => {
      const { users } = await world.control<{ users: { name: string; id: string }[] }>('GET', 'state');
      const { ephemerals } = await world.channel(channel);
      const partner = users.find(({ name }) => name === 'partner')?.id;
      return ephemerals.some(
        ({ to, text }) => to === partner && text.includes('Slack says you are: foreign'),
      );
    });

    await world.control('POST', 'messages', { user: 'leaver', channel, text: 'I type my last line' });
    await world.control('POST', 'deliveries', { kind: 'delay', times: 1, ms: 400 });
    const late = world.say('leaver', channel, 'note by somebody who has left');
    await world.control('PATCH', 'users', { name: 'leaver', deactivated: true });
    expect(await late).toContain('Slack says you are: deactivated');
    await world.settled();
    expect(await world.timeline(id)).toEqual(['declared: Declared sev2: badge printer jams']);
  });

  test('while Slack does not say who somebody is, those named by id go on writing down; others are asked to wait', async () => {
    const { channel } = await world.declare('declare sev2 vending machine hums');
    const mute = () =>
      world.control('POST', 'faults', { method: 'users.info', kind: 'error', error: 'internal_error' });
    await mute();
    expect(await world.say('oncall', channel, 'note still writing')).toContain('Noted');
    await mute();
    expect(await world.say('commander', channel, 'note by group')).toContain('Say it again in a minute');
    await mute();
    expect(await world.say('dba', channel, 'run migration-rollback migration=m1')).toContain(
      'Say it again in a minute',
    );
  });
});
