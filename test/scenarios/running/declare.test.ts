/** How an incident begins: by a line, a form, a message, a mention, a monitor; once, however many say it. */
import { eventually } from '../../support/eventually.ts';
import { type Call, labelsOf, MINUTE, openRunning, type Running, textOf } from '../support.ts';

const DASHBOARD = 'https://grafana.example.com/d/orders';

let world: Running;
beforeAll(async () => {
  world = await openRunning({
    config: () => ({ services: { 'order-status': { team: 'database', links: { Dashboard: DASHBOARD } } } }),
  });
});
/** So that no act of one test is one too many a minute in the next. */
beforeEach(() => world.advance(MINUTE));
afterAll(() => world.close());

const incidentChannels = async (): Promise<readonly string[]> => {
  const { channels } = await world.control<{ channels: { name: string }[] }>('GET', 'state');
  return channels.map(({ name }) => name).filter((name) => name.startsWith('inc-'));
};

const numberOfIncidents = async (): Promise<number | null> =>
  (await world.store.query('select from incidents')).rowCount;

test('one line opens a channel with a topic, a pinned card, bookmarks and an announcement', async () => {
  const { id, channel, said } = await world.declare(
    'declare --service order-status sev1 order status is gone',
  );
  expect(said).toContain(`Incident ${id} (sev1) declared: *order status is gone*`);
  expect(channel).toBe(`inc-${id}-order-status-is-gone`);

  const shown = await world.channel(channel);
  expect(shown).toMatchObject({
    is_private: false,
    topic: 'SEV1 | investigating | no commander yet | order status is gone',
    member_names: ['firebreak', 'oncall'],
    bookmarks: [{ title: 'Incident card' }, { title: 'Dashboard', link: DASHBOARD }],
  });
  const card = shown.messages.find(({ ts }) => ts === shown.pins[0]?.ts);
  expect(card && textOf(card)).toMatch(/Incident 1: SEV1, investigating[\s\S]*somebody to lead/);
  expect(card && labelsOf(card)).toEqual([
    'I lead',
    'Update',
    'Escalate',
    'Mitigated',
    'Resolve',
    'Catch me up',
  ]);
  const announced = (await world.texts('incidents')).filter((text) => text.includes('Incident 1'));
  expect(announced).toEqual([expect.stringContaining(`in <#${shown.id}>`)]);
  expect(await world.timeline(id)).toEqual(['declared: Declared sev1: order status is gone']);
});

test('two calls stand between the command and talking: the channel is made, and who declared is let in', async () => {
  const before = (await world.calls()).length;
  const { channel } = await world.declare('declare sev2 parcels are lost in Leipzig');
  const calls = (await world.calls()).slice(before);
  const names = calls.map(({ method }) => method);
  const here = await world.channel(channel);

  expect(names.filter((method) => /^conversations\.(?!history|replies)/.test(method)).slice(0, 2)).toEqual([
    'conversations.create',
    'conversations.invite',
  ]);
  const invited = names.indexOf('conversations.invite');
  const ofTheChannel = (call: Call): boolean =>
    [call.arguments['channel'], call.arguments['channel_id']].includes(here.id);
  const inTheLane = calls.filter(ofTheChannel).map(({ method }) => method);
  expect(inTheLane[0]).toBe('conversations.invite');
  for (const later of ['conversations.setTopic', 'pins.add', 'bookmarks.add', 'chat.getPermalink'])
    expect(names.indexOf(later)).toBeGreaterThan(invited);
  expect(calls.find(({ method }) => method === 'conversations.invite')?.arguments).toMatchObject({
    users: world.users['oncall'],
  });
});

test('without a title a form asks for it, with what was said already chosen; blanks are refused in it', async () => {
  expect(await world.say('commander', 'general', 'declare sev2')).toBe('');
  const form = await world.form('commander');
  expect(form).toMatchObject({ callback_id: 'declare' });
  expect(JSON.stringify(form?.blocks)).toContain(
    '"initial_option":{"text":{"type":"plain_text","text":"sev2',
  );
  const before = await numberOfIncidents();
  expect(await world.submit('commander', { title: '   ' })).toMatchObject({
    title: expect.stringContaining('needs a title') as string,
  });
  expect(await numberOfIncidents()).toBe(before);

  expect(await world.submit('commander', { title: 'invoices show zero' })).toEqual({});
  await world.settled();
  expect(await incidentChannels()).toContainEqual(expect.stringMatching(/-invoices-show-zero$/));
  expect(await world.form('commander')).toBeUndefined();
});

test('a message becomes the first entry, with its own time, author and link', async () => {
  const { ts } = await world.control<{ ts: string }>('POST', 'messages', {
    user: 'support',
    channel: 'general',
    text: 'Customers say that the basket is empty\nsince about noon',
  });
  await world.advance(5 * MINUTE);
  await world.control('POST', 'shortcuts', {
    user: 'commander',
    callback_id: 'declare_from_message',
    channel: 'general',
    ts,
  });
  const form = await world.form('commander');
  expect(JSON.stringify(form?.blocks)).toContain('Customers say that the basket is empty"');
  expect(await world.submit('commander', { severity: 'sev2' })).toEqual({});
  await world.settled();

  const { timeline, incident } = await world.record((await numberOfIncidents()) ?? 0);
  expect(incident).toMatchObject({ title: 'Customers say that the basket is empty', severity: 'sev2' });
  expect(timeline.map(({ kind }) => kind)).toEqual(['message', 'declared']);
  expect(timeline[0]).toMatchObject({
    actor: world.users['support'],
    text: 'Customers say that the basket is empty\nsince about noon',
    link: expect.stringContaining(`/p${ts.replace('.', '')}`) as string,
  });
  expect(timeline[0]?.at.getTime()).toBe(Math.floor(Number(ts) * 1000));
  expect(
    await world.say('commander', `inc-${incident.id}-customers-say-that-the-basket-is-empty`, 'timeline'),
  ).toMatch(/Customers say[\s\S]*Declared sev2/);
});

test('a mention in a thread declares, begins with the message above it, and is answered in the thread', async () => {
  const { ts } = await world.control<{ ts: string }>('POST', 'messages', {
    user: 'support',
    channel: 'general',
    text: 'The search finds nothing',
  });
  await world.control('POST', 'messages', {
    user: 'dba',
    channel: 'general',
    thread_ts: ts,
    text: '@firebreak declare sev1 search finds nothing at all',
  });
  const answer = await eventually(async () => {
    const { ephemerals } = await world.channel('general');
    return ephemerals.find(({ text }) => text.includes('search finds nothing at all'));
  });
  expect(answer).toMatchObject({ to: world.users['dba'], thread_ts: ts });
  expect(answer.text).toContain('declared: *search finds nothing at all*');
  await world.settled();
  const { timeline, incident } = await world.record((await numberOfIncidents()) ?? 0);
  expect(incident.declaredBy).toBe(world.users['dba']);
  expect(timeline[0]).toMatchObject({
    kind: 'message',
    actor: world.users['support'],
    text: 'The search finds nothing',
  });
});

test('the button of what a monitor saw declares with its times; the proposal says what it became', async () => {
  const firstFailedAt = new Date(world.clock.now().getTime() - 2 * MINUTE);
  await world.app.propose({
    monitor: 'payments',
    target: 'bank',
    sqlstate: '42703',
    error: 'column p.iban does not exist',
    relations: ['payments'],
    firstFailedAt,
  });
  await world.settled();
  await world.click('oncall', 'incidents', 'Declare incident');
  await world.settled();
  const { incident, timeline } = await world.record((await numberOfIncidents()) ?? 0);
  expect(incident).toMatchObject({
    title: 'bank: column p.iban does not exist',
    declaredBy: world.users['oncall'],
    milestones: { impact_started: { at: firstFailedAt, by: 'monitor:payments' } },
  });
  expect(timeline.map(({ kind }) => kind)).toEqual(['monitor', 'declared']);
  const proposal = (await world.channel('incidents')).messages.find(({ text }) => text.includes('bank'));
  expect(proposal && textOf(proposal)).toContain(`Became incident ${incident.id}.`);
  expect(proposal && labelsOf(proposal)).toEqual([]);
});

test('what is probably the same is shown first; nothing is opened until somebody means it', async () => {
  const { id, channel } = await world.declare('declare sev1 warehouse printers are silent');
  const before = await incidentChannels();
  const said = await world.say('commander', 'general', 'declare sev2 the warehouse printers are offline');
  expect(said).toContain(`This may be open already: inc-${id} *warehouse printers are silent*`);
  expect(said).toContain('Nothing was opened');
  await world.settled();
  expect(await incidentChannels()).toEqual(before);

  const again = await world.click('commander', 'general', 'Open a new one anyway');
  expect(again).toContain('(sev2) declared: *the warehouse printers are offline*');
  await world.settled();
  expect(await incidentChannels()).toHaveLength(before.length + 1);
  expect((await world.channel(channel)).topic).toContain('warehouse printers are silent');
});

test('two who declare the same at the same moment get one channel, and the second is told of it', async () => {
  const before = await incidentChannels();
  const answers = await Promise.all(
    ['oncall', 'commander'].map((user) => world.say(user, 'incidents', 'declare sev1 gateway times out')),
  );
  await world.settled();
  expect(await incidentChannels()).toHaveLength(before.length + 1);
  expect(answers.filter((text) => text.includes('declared: *gateway times out*'))).toHaveLength(1);
  expect(answers.filter((text) => text.includes('This may be open already'))).toHaveLength(1);
});

test('--retro writes down what is over: resolved, nobody is paged or reminded, and it says so', async () => {
  const { id, channel } = await world.declare('declare --retro sev2 nightly batch stopped last night');
  const { incident } = await world.record(id);
  expect(incident).toMatchObject({ kind: 'retrospective', status: 'resolved', milestones: {} });
  expect((await world.channel(channel)).topic).toMatch(/^RETROSPECTIVE \| SEV2 \| resolved/);
  expect((await world.texts(channel)).join('\n')).toContain('declared this incident after it was over.');
  expect(await world.say('oncall', channel, 'milestone impact_started -9h')).toContain(
    'impact_started is now',
  );
  expect(await world.say('oncall', channel, 'lead @commander')).toContain('Incident commander is now');
  expect(await world.say('oncall', channel, 'escalate database')).toContain(`Incident ${id} is resolved`);
  expect(await world.texts('general')).not.toContainEqual(expect.stringContaining('nightly batch'));
});

test('a drill is marked wherever somebody could take it for the real thing', async () => {
  const { id, channel } = await world.declare('drill sev1 region two burns');
  expect((await world.channel(channel)).topic).toMatch(/^DRILL \| SEV1/);
  const card = (await world.channel(channel)).messages.find(({ text }) => text.startsWith('DRILL'));
  expect(card && textOf(card)).toContain(`DRILL: Incident ${id}: SEV1`);
  expect((await world.texts(channel)).join('\n')).toContain('declared this drill: nothing is wrong.');
  expect(await world.texts('incidents')).toContainEqual(expect.stringContaining(`DRILL: Incident ${id}`));

  await world.say('oncall', channel, 'escalate database we practise');
  await world.say('oncall', channel, 'update we pretend to look');
  await world.settled();
  expect((await world.texts('dm-dba')).join('\n')).toContain(`DRILL: You are paged for incident ${id}`);
  expect(await world.texts('general')).toContainEqual(
    expect.stringContaining('*DRILL, nothing is wrong:* *region two burns*'),
  );
  expect(await world.say('support', 'general', 'list drills')).toContain(`[DRILL] inc-${id}`);
});

test('--private opens a private channel, and tells nobody else', async () => {
  const { id, channel, said } = await world.declare('declare --private sev2 a key has leaked');
  expect(said).toContain('Its private channel is being opened');
  expect(await world.channel(channel)).toMatchObject({
    is_private: true,
    member_names: ['firebreak', 'oncall'],
  });
  expect((await world.channel(channel)).topic).toMatch(/^PRIVATE \| SEV2/);
  for (const place of ['incidents', 'general'])
    expect((await world.texts(place)).join('\n')).not.toContain('a key has leaked');
  expect(await world.timeline(id)).toEqual(['declared: Declared sev2: a key has leaked']);
});

test('phones make one long dash of two; a flag that there is none of is not taken for the title', async () => {
  expect(await world.say('oncall', 'general', 'declare —privat sev2 a laptop is gone')).toContain('—privat');
  const { channel } = await world.declare('declare —private sev2 a laptop is gone');
  expect((await world.channel(channel)).is_private).toBe(true);
});
