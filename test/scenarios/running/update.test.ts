/** How everybody is kept informed: the card, the one announcement, the stakeholders, and firebreak.yml's own words. */
import { formatUtc } from '../../../src/domain/when.ts';
import { labelsOf, MINUTE, openRunning, type Running, type Shown, textOf } from '../support.ts';

let world: Running;
beforeAll(async () => {
  world = await openRunning({
    config: ({ users }) => ({
      severities: {
        blocker: { meaning: 'nobody can ship parcels', update_min: 20, stale_min: 600 },
        major: { meaning: 'some parcels are late', update_min: 60 },
        minor: { meaning: 'somebody is annoyed' },
      },
      roles: {
        commander: { title: 'Dispatcher', duties: ['You decide.'] },
        'radio-operator': {
          title: 'Radio operator',
          duties: ['Call the depots.', 'Write down what they say.'],
        },
      },
      services: { parcels: { team: 'depots' }, labels: {} },
      teams: { depots: { on_call: [users['dba']] }, 'front-desk': { on_call: [users['support']] } },
    }),
  });
});
beforeEach(() => world.advance(MINUTE));
afterAll(() => world.close());

const pinned = async (channel: string): Promise<Shown> => {
  const { messages, pins } = await world.channel(channel);
  const found = messages.find(({ ts }) => ts === pins[0]?.ts);
  if (!found) throw new Error('nothing is pinned');
  return found;
};
const announcements = async (id: number): Promise<readonly string[]> =>
  (await world.texts('incidents')).filter((text) => text.includes(`Incident ${id} (`));

test('an update reaches the channel, the one announcement and the stakeholders, and the next one is due anew', async () => {
  const { id, channel } = await world.declare('declare blocker conveyor belt stands still');
  const first = await pinned(channel);
  await world.say('oncall', channel, 'impact no parcel leaves the hall');
  await world.advance(10 * MINUTE);
  const before = await pinned(channel);
  expect(before.ts).toBe(first.ts);
  expect(textOf(before)).toContain('impact: no parcel leaves the hall');

  expect(await world.say('commander', channel, 'update the motor is being replaced')).toContain(
    'Update posted',
  );
  await world.settled();
  const { incident } = await world.record(id);
  const next = formatUtc(new Date((incident.lastUpdate?.at.getTime() ?? 0) + 20 * MINUTE));
  expect(await world.texts(channel)).toContainEqual(
    expect.stringMatching(
      new RegExp(
        `\\*Update\\* by <@${world.users['commander']}>: the motor is being replaced\\nNext update by ${next}`,
      ),
    ),
  );
  expect(textOf(await pinned(channel))).toContain(`update by ${next}`);
  expect((await world.channel(channel)).pins).toHaveLength(1);
  const announced = await announcements(id);
  expect(announced).toHaveLength(1);
  expect(announced[0]).toMatch(
    /\*Impact\* no parcel leaves[\s\S]*\*Update\* [\d: UTC-]+: the motor is being replaced/,
  );
  expect(await world.texts('general')).toContainEqual(
    expect.stringContaining(
      `*conveyor belt stands still*: We are looking into it.\nWhat users notice: no parcel leaves the hall\nthe motor is being replaced\nNext update by ${next}.`,
    ),
  );
  expect(await world.timeline(id)).toContain('update: the motor is being replaced');

  // 20 minutes after the update, not after the declaration.
  const reminded = (): Promise<readonly string[]> =>
    world.texts(channel).then((all) => all.filter((text) => text.includes('An update is due')));
  await world.say('commander', channel, 'lead');
  await world.advance(19 * MINUTE);
  expect(await reminded()).toEqual([]);
  await world.advance(MINUTE);
  expect(await reminded()).toHaveLength(1);
});

test('the button opens a form; what is sent off in it is an update', async () => {
  const { id, channel } = await world.declare('declare major scanners are blind');
  await world.click('commander', channel, 'Update');
  expect(await world.form('commander')).toMatchObject({ callback_id: 'update' });
  expect(await world.submit('commander', { text: 'we found spare scanners' })).toEqual({});
  await world.settled();
  expect(await world.timeline(id)).toContain('update: we found spare scanners');
  expect(await world.click('viewer', channel, 'Update')).toContain('You are not in `permissions.respond`');
  expect(await world.form('viewer')).toBeUndefined();
});

test('stakeholders hear of each change of status in words for them; the announcement follows it', async () => {
  const { id, channel } = await world.declare('declare blocker tracking numbers repeat');
  await world.say('oncall', channel, 'status identified two depots share a counter');
  await world.say('oncall', channel, 'status mitigated');
  await world.say('oncall', channel, 'resolve the counters are apart');
  await world.settled();
  const told = (await world.texts('general')).filter((text) => text.includes('tracking numbers repeat'));
  expect(told.map((text) => text.split('\n')[0])).toEqual([
    '*tracking numbers repeat*: We know the cause and are working on it.',
    '*tracking numbers repeat*: Users should be fine again; we are watching.',
    '*tracking numbers repeat*: It is over.',
  ]);
  expect(told[0]).toContain('two depots share a counter');
  expect(told[2]).not.toContain('Next update');
  expect(await announcements(id)).toEqual([expect.stringContaining('BLOCKER, resolved')]);
  expect((await world.channel(channel)).topic).toContain('BLOCKER | resolved');
});

test('severities of firebreak.yml stand in the form, in the card and in the filter of list', async () => {
  await world.say('oncall', 'general', 'declare');
  const form = JSON.stringify((await world.form('oncall'))?.blocks);
  for (const name of ['blocker: nobody can ship parcels', 'major: some parcels are late', 'minor: somebody'])
    expect(form).toContain(name);
  // The middle one, unless told.
  await world.submit('oncall', { title: 'forklift leaks oil' });
  await world.settled();
  expect(await world.say('oncall', 'general', 'list major')).toContain(
    'major *investigating* forklift leaks oil',
  );
  expect(await world.say('oncall', 'general', 'list minor')).toContain('None.');
  const said = await world.say('oncall', 'general', 'declare sev1 roof is open');
  expect(said).toContain('blocker, major, minor');
  const { channel } = await world.declare('declare minor radio plays too loud');
  expect(textOf(await pinned(channel))).toContain('somebody is annoyed');
  expect(textOf(await pinned(channel))).not.toContain('update by');
  expect(await world.say('oncall', channel, 'severity blocker')).toContain('Severity is now *blocker*');
  await world.settled();
  expect(textOf(await pinned(channel))).toMatch(/BLOCKER[\s\S]*update by/);
  expect(await world.say('oncall', channel, 'severity')).toContain('*major*: some parcels are late');
  expect(await world.say('oncall', channel, 'severity sev2')).toContain('blocker, major, minor');
});

test('roles of firebreak.yml are given; what is expected is told to the holder alone; a handover is written down', async () => {
  const { id, channel } = await world.declare('declare major depot nine is dark');
  expect(await world.say('oncall', channel, 'radio-operator @support')).toContain(
    `Radio operator is now <@${world.users['support']}>`,
  );
  await world.say('oncall', channel, 'lead');
  await world.settled();
  const duties = `You are *Radio operator* of incident ${id}: depot nine is dark\n• Call the depots.\n• Write down what they say.`;
  expect(await world.texts('dm-support')).toContainEqual(expect.stringContaining(duties));
  expect((await world.texts(channel)).join('\n')).not.toContain('Call the depots');
  expect(textOf(await pinned(channel))).toMatch(/Dispatcher: <@U0000ONCALL>[\s\S]*Radio operator: /);

  expect(await world.say('oncall', channel, 'lead @commander')).toContain('Dispatcher is now');
  await world.settled();
  expect(await world.timeline(id)).toContain(
    `role: Dispatcher: <@${world.users['oncall']}> → <@${world.users['commander']}>`,
  );
  expect((await world.channel(channel)).topic).toContain(`commander <@${world.users['commander']}>`);
  expect(await world.texts('dm-commander')).toContainEqual(expect.stringContaining('You are *Dispatcher*'));
  expect(await world.say('oncall', channel, 'role scribe @support')).toContain('commander, radio-operator');
});

test('services and teams of firebreak.yml: the filter, the team that is meant without a word, the form', async () => {
  const { id, channel } = await world.declare('declare --service parcels major parcels pile up');
  expect(await world.say('oncall', 'general', 'list parcels')).toContain(`inc-${id}`);
  expect(await world.say('oncall', 'general', 'list labels')).toContain('None.');
  expect(await world.say('oncall', 'general', 'declare --service moon major it is dark')).toContain(
    'parcels, labels',
  );
  expect(await world.say('oncall', channel, 'escalate')).toContain('Paging depots');

  const other = await world.declare('declare major doors are jammed');
  await world.say('oncall', other.channel, 'escalate');
  const form = await world.form('oncall');
  expect(form?.callback_id).toBe('escalate');
  expect(JSON.stringify(form?.blocks)).toMatch(/depots[\s\S]*front-desk/);
  expect(await world.submit('oncall', { team: 'front-desk', reason: 'people knock' })).toEqual({});
  await world.settled();
  expect(await world.timeline(other.id)).toContainEqual(
    expect.stringContaining(`Paged front-desk (<@${world.users['support']}>): people knock`),
  );
  expect(await world.say('oncall', other.channel, 'escalate nobody')).toContain('depots, front-desk');
  expect(labelsOf(await pinned(other.channel))).toContain('Escalate');
});
