/** What nobody has to remember: each reminder when it is due, one at a time, put off, turned off, and over by itself. */
import { DAY, HOUR, labelsOf, MINUTE, openRunning, type Running, type Shown, textOf } from '../support.ts';

let world: Running;
beforeAll(async () => {
  world = await openRunning();
});
/** Nothing of an earlier test reminds in a later one. */
afterEach(async () => {
  const { rows } = await world.store.query<{ id: number }>(
    "select id from incidents where status not in ('resolved', 'cancelled')",
  );
  for (const { id } of rows) await world.say('oncall', 'incidents', `cancel inc-${id} the test is over`);
  await world.advance(2 * MINUTE);
});
afterAll(() => world.close());

const reminders = async (channel: string): Promise<readonly Shown[]> =>
  (await world.channel(channel)).messages.filter(({ text }) => text.startsWith(':alarm_clock:'));
const said = async (channel: string): Promise<readonly string[]> => (await reminders(channel)).map(textOf);
const open = async (channel: string): Promise<readonly Shown[]> =>
  (await reminders(channel)).filter((message) => labelsOf(message).length > 0);

test('nobody leads: asked for after five minutes, and done when somebody does', async () => {
  const { channel } = await world.declare('declare sev3 nobody leads this one');
  await world.advance(5 * MINUTE - 5000);
  expect(await said(channel)).toEqual([]);
  await world.advance(5000);
  const [first] = await open(channel);
  expect(first && textOf(first)).toContain(`<@${world.users['oncall']}> Nobody leads this incident yet.`);
  expect(first && labelsOf(first)).toEqual(['I lead', 'Snooze 15 min', 'Snooze 1 h', 'Do not remind']);

  expect(await world.click('commander', channel, 'I lead')).toContain('Incident commander is now');
  await world.settled();
  expect(await reminders(channel)).toHaveLength(1);
  expect(await said(channel)).toEqual([expect.stringContaining('Nobody leads this incident yet. Done.')]);
  expect(await open(channel)).toEqual([]);
});

test('an update is due: one at a time, repeated while it is not heard, done by the update', async () => {
  const { channel } = await world.declare('declare sev1 update wanted');
  await world.say('oncall', channel, 'lead');
  await world.advance(30 * MINUTE);
  expect(await said(channel)).toEqual([expect.stringContaining('An update is due; the last word was at')]);
  await world.advance(30 * MINUTE);
  // The old one has lost its buttons.
  expect(await open(channel)).toHaveLength(1);
  expect(await said(channel)).toEqual([
    expect.stringContaining('was followed by a newer one'),
    expect.stringContaining('An update is due'),
  ]);
  await world.click('oncall', channel, 'Write an update');
  expect(await world.submit('oncall', { text: 'we are still looking' })).toEqual({});
  await world.settled();
  expect(await open(channel)).toEqual([]);
  expect((await said(channel)).at(-1)).toContain('Done.');
  await world.advance(29 * MINUTE);
  expect(await reminders(channel)).toHaveLength(2);
});

test('two that are due are asked one after the other', async () => {
  const { channel } = await world.declare('declare sev1 two things are due');
  await world.advance(31 * MINUTE);
  expect(await open(channel)).toHaveLength(1);
  expect((await said(channel)).at(-1)).toContain('Nobody leads');
  await world.say('oncall', channel, 'lead');
  await world.settled();
  await world.advance(1000);
  expect(await open(channel)).toHaveLength(1);
  expect((await said(channel)).at(-1)).toContain('An update is due');
});

test('a status that has stood for long is asked about, and moved on by the button', async () => {
  const { id, channel } = await world.declare('declare sev4 status stands still');
  await world.say('oncall', channel, 'lead');
  await world.advance(5 * DAY);
  expect(await said(channel)).toEqual([
    expect.stringMatching(/The status is \*investigating\* since .*Is that still so\?/),
  ]);
  expect(await world.click('oncall', channel, 'It is mitigated')).toContain('Status is now *mitigated*');
  await world.settled();
  expect((await world.record(id)).incident.status).toBe('mitigated');
  expect(await said(channel)).toEqual([expect.stringContaining('Done.')]);
});

test('a postmortem is asked for while it is missing, and no more once it is exported', async () => {
  const { channel } = await world.declare('declare sev1 postmortem wanted');
  await world.say('oncall', channel, 'resolve it was the cable');
  await world.advance(3 * DAY);
  expect(await said(channel)).toEqual([
    expect.stringContaining('The postmortem of *postmortem wanted* is missing'),
  ]);
  await world.click('oncall', channel, 'Export it');
  await world.settled();
  expect(await said(channel)).toEqual([expect.stringContaining('Done.')]);
  expect((await world.channel(channel)).files).toHaveLength(1);
  await world.advance(3 * DAY);
  expect(await reminders(channel)).toHaveLength(1);
});

test('put off by a button it comes again then; turned off it does not, and others still do', async () => {
  const { id, channel } = await world.declare('declare sev1 later please');
  await world.advance(5 * MINUTE);
  expect(await world.click('commander', channel, 'Snooze 15 min')).toContain('Put off by 15m');
  await world.settled();
  expect(await said(channel)).toEqual([
    expect.stringMatching(/Nobody leads .* Put off until .* by <@U0COMMANDER>/),
  ]);
  await world.advance(14 * MINUTE);
  expect(await reminders(channel)).toHaveLength(1);
  await world.advance(MINUTE);
  expect(await open(channel)).toHaveLength(1);
  await world.click('commander', channel, 'Do not remind');
  await world.settled();
  expect((await said(channel)).at(-1)).toContain('Turned off by');
  await world.advance(20 * MINUTE);
  expect((await said(channel)).at(-1)).toContain('An update is due');
  expect(await world.timeline(id)).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^reminder: Reminder roles-unclaimed put off until/),
      'reminder: Reminder roles-unclaimed turned off for this incident',
    ]),
  );
  expect(await world.say('oncall', channel, 'snooze 2 bananas')).toContain('is no length of time');
  expect(await world.say('oncall', channel, 'snooze off')).toContain('not reminded of it again');
  expect(await world.say('oncall', channel, 'snooze')).toContain('No reminder is open');
});

test('an archived channel is not reminded', async () => {
  const { id, channel } = await world.declare('declare sev1 archived soon');
  await world.say('oncall', channel, 'resolve done');
  await world.say('oncall', channel, 'archive');
  await world.settled();
  expect((await world.channel(channel)).is_archived).toBe(true);
  const before = (await world.channel(channel)).messages.length;
  await world.advance(4 * DAY);
  expect((await world.channel(channel)).messages).toHaveLength(before);
  expect((await world.record(id)).incident.reminders.nextAt).toBeUndefined();
});

test('what fell due while the bot was down is said once when it is back', async () => {
  const { channel } = await world.declare('declare sev1 nobody is at home');
  await world.stop();
  await world.advanceAlone(HOUR);
  await world.start();
  await world.settled();
  expect(await said(channel)).toEqual([expect.stringContaining('Nobody leads')]);
  await world.stop();
  await world.start();
  await world.settled();
  expect(await reminders(channel)).toHaveLength(1);
});

test('two instances remind once', async () => {
  const second = await world.another();
  const declared = [];
  for (const title of ['alpha rays', 'beta decay', 'gamma burst'])
    declared.push(await world.declare(`declare sev1 ${title}`));
  // The first after 5 minutes, then after 5 and 10 more.
  for (let wave = 0; wave < 4; wave += 1) await world.advance(5 * MINUTE);
  await second.close();
  for (const { channel, id } of declared) {
    expect(await said(channel)).toEqual([
      expect.stringContaining('was followed by'),
      expect.stringContaining('was followed by'),
      expect.stringContaining('Nobody leads'),
    ]);
    expect((await world.record(id)).incident.reminders.last?.number).toBe(3);
  }
});
