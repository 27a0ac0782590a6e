/** What people type, in the orders they try it: each verb's answer, and what stands in the record afterwards. */
import { eventually } from '../../support/eventually.ts';
import { labelsOf, MINUTE, openRunning, type Running } from '../support.ts';

let world: Running;
beforeAll(async () => {
  world = await openRunning();
});
beforeEach(() => world.advance(MINUTE));
afterAll(() => world.close());

const report = async (channel: string): Promise<string> => {
  const { files } = await world.channel(channel);
  return files.at(-1)?.content ?? '';
};

test('impact, summary, cause and fix stand in the sections of the report that they belong to', async () => {
  const { id, channel } = await world.declare('declare sev1 menus show no prices');
  expect(await world.say('oncall', channel, 'impact')).toContain(
    'Not said yet. For example: `/incident impact',
  );
  expect(await world.say('oncall', channel, 'impact guests see menus without prices')).toContain(
    'Noted for the report',
  );
  await world.say('oncall', channel, 'summary a cron job emptied the price table');
  await world.say('commander', channel, 'cause the job ran against the wrong database');
  await world.say('dba', channel, 'fix prices were restored from the copy');
  expect(await world.say('viewer', channel, 'cause')).toContain('the job ran against the wrong database');
  expect(await world.say('viewer', channel, 'cause I know better')).toContain('not in `permissions.respond`');
  await world.say('oncall', channel, 'cause the job had the URL of production');
  await world.say('oncall', channel, 'note -10m the job began');
  await world.say('oncall', channel, 'action give the job its own role @dba due 2031-01-01');
  await world.say('oncall', channel, 'resolve prices are back');
  expect(await world.say('oncall', channel, 'postmortem')).toContain('is being posted');
  await world.settled();

  const text = await report(channel);
  const section = (number: number): string =>
    new RegExp(`\\n## ${number}\\. [\\s\\S]*?(?=\\n## |$)`).exec(text)?.[0] ?? '';
  expect(section(1)).toContain('a cron job emptied the price table');
  expect(section(2)).toContain('guests see menus without prices');
  expect(section(3)).toContain('the job had the URL of production');
  expect(section(3)).not.toContain('wrong database');
  // What was said with `resolve` is what fixed it, as far as is known last.
  expect(text).toContain('prices are back');
  expect(section(7)).toContain('give the job its own role');
  expect(await world.timeline(id)).toEqual(
    expect.arrayContaining([
      'cause: Cause: the job ran against the wrong database',
      'cause: Cause: the job had the URL of production',
      'fix: What fixed it: prices were restored from the copy',
      'note: the job began',
    ]),
  );
});

test('rename: the title, the channel, the topic and the announcement follow; a name that is taken gets a number', async () => {
  const { id, channel } = await world.declare('declare sev2 something odd');
  await world.control('POST', 'channels', { user: 'dba', name: `inc-${id}-freezers-thaw` });
  expect(await world.say('oncall', channel, 'rename freezers thaw')).toContain(
    'The title is now *freezers thaw*',
  );
  await world.settled();
  const renamed = await world.channel(`inc-${id}-freezers-thaw-2`);
  expect(renamed.topic).toContain('freezers thaw');
  expect(renamed.messages.map(({ text }) => text)).toContainEqual(
    expect.stringContaining('Title: something odd → freezers thaw'),
  );
  expect((await world.texts('incidents')).filter((text) => text.includes(`Incident ${id} (`))).toEqual([
    expect.stringContaining('freezers thaw'),
  ]);
  expect(await world.say('oncall', renamed.name, 'rename freezers thaw')).toContain('already');
  expect(await world.say('oncall', renamed.name, 'rename')).toContain('needs a title');
});

test('duplicate: closed, linked both ways, its people are brought along, and list leaves it out', async () => {
  const main = await world.declare('declare sev1 trains do not depart');
  const copy = await world.declare('declare --anyway sev2 trains do not depart in the north', 'support');
  await world.control('POST', 'members', { user: 'viewer', channel: copy.channel, by: 'viewer' });
  expect(await world.say('support', copy.channel, `duplicate inc-${main.id}`)).toContain(
    `Closed as a duplicate of incident ${main.id}`,
  );
  await world.settled();
  expect((await world.channel(main.channel)).member_names).toEqual(
    expect.arrayContaining(['support', 'viewer', 'oncall']),
  );
  expect((await world.channel(copy.channel)).topic).toMatch(new RegExp(`^DUPLICATE OF ${main.id} \\|`));
  expect(await world.texts(main.channel)).toContainEqual(
    expect.stringContaining(
      `Incident ${copy.id} (trains do not depart in the north) is a duplicate of this one`,
    ),
  );
  const listed = await world.say('oncall', 'general', 'list');
  expect(listed).toContain(`inc-${main.id} `);
  expect(listed).not.toContain(`inc-${copy.id} `);
  expect(await world.say('oncall', main.channel, `duplicate inc-${copy.id}`)).toContain(
    `Incident ${copy.id} was closed as a duplicate of this one`,
  );
  expect(await world.say('oncall', main.channel, `duplicate #${main.id}`)).toContain(
    `Incident ${main.id} is this one`,
  );
  expect(await world.say('oncall', main.channel, 'duplicate')).toContain('Say which one');
  expect(await world.say('support', copy.channel, `dup of inc-${main.id}`)).toContain('already');
  expect((await world.record(copy.id)).incident).toMatchObject({ status: 'cancelled', duplicateOf: main.id });
  expect(await world.timeline(main.id)).toContainEqual(
    expect.stringMatching(/^duplicate: Incident \d+ .* is a duplicate/),
  );
});

test('cancel needs a reason, and is a false alarm; what follows it is told to reopen first', async () => {
  const { id, channel } = await world.declare('declare sev3 smoke in the lab');
  expect(await world.say('oncall', channel, 'cancel')).toContain('false alarm');
  expect(await world.say('oncall', channel, 'false alarm, it was steam')).toContain(
    'The incident is now *cancelled*',
  );
  await world.settled();
  expect((await world.texts('general')).join('\n')).toContain('*smoke in the lab*: It was a false alarm');
  for (const line of ['resolve', 'status mitigated', 'cancel again', 'escalate database'])
    expect(await world.say('oncall', channel, line)).toContain(`Incident ${id} is cancelled`);
  expect(await world.say('oncall', channel, 'reopen it smokes again')).toContain(
    'The incident is now *investigating*',
  );
  await world.settled();
  expect((await world.channel(channel)).topic).toContain('investigating');
  expect(await world.say('oncall', channel, 'reopen')).toMatch(/reason|reopen/);
  expect(await world.say('oncall', channel, 'cancel steam after all')).toContain('*cancelled*');
});

test('archive is for what has ended; who reopens it is told that a person has to bring the channel back', async () => {
  const { id, channel } = await world.declare('declare sev3 lift is stuck');
  expect(await world.say('oncall', channel, 'archive')).toContain('still open');
  await world.say('oncall', channel, 'resolve the lift moves');
  expect((await world.channel(channel)).is_archived).toBe(false);
  expect(await world.say('oncall', channel, 'archive')).toContain('is being archived');
  await world.settled();
  expect((await world.channel(channel)).is_archived).toBe(true);
  expect(await world.say('oncall', 'general', `archive inc-${id}`)).toContain('is archived already');

  expect(await world.say('oncall', 'general', `reopen inc-${id} stuck again`)).toContain('*investigating*');
  await world.settled();
  expect((await world.record(id)).incident).toMatchObject({ status: 'investigating', archived: true });
  const { id: archived } = await world.channel(channel);
  expect(await world.texts('incidents')).toContainEqual(
    `:warning: Incident ${id} is open again, but Slack did not bring <#${archived}> back: no bot may. Unarchive it in its settings, then type \`/invite @firebreak\` in it.`,
  );

  await world.control('PATCH', 'channels', { user: 'oncall', channel, archived: false });
  await eventually(
    async () => (await world.timeline(id)).at(-1) === 'channel: Channel brought back in Slack',
  );
  await world.say('oncall', channel, 'status identified the same cable');
  await world.settled();
  expect((await world.channel(channel)).topic).toContain('identified');
  expect((await world.timeline(id)).filter((line) => /^(?:channel|status):/.test(line))).toEqual([
    'status: Status investigating → resolved: the lift moves',
    'channel: Channel archived',
    'status: Reopened (was resolved): stuck again',
    'channel: Channel still archived: Slack did not bring it back',
    'channel: Channel brought back in Slack',
    'status: Status investigating → identified: the same cable',
  ]);

  await world.say('oncall', channel, 'resolve it moves again');
  await world.control('PATCH', 'channels', { user: 'support', channel, archived: true });
  await eventually(async () => (await world.record(id)).incident.archived);
  expect((await world.timeline(id)).at(-1)).toBe('channel: Channel archived in Slack');
});

test('list: open, ended, all, mine, by severity; what it does not understand it says', async () => {
  const mine = await world.declare('declare sev5 paper jam', 'commander');
  expect(await world.say('commander', 'general', 'list mine')).toContain(
    `inc-${mine.id} sev5 *investigating* paper jam`,
  );
  expect(await world.say('dba', 'general', 'list mine')).toContain('None. `/incident list all`');
  expect(await world.say('dba', 'general', 'list sev5')).toContain('paper jam');
  expect(await world.say('dba', 'general', 'list sev1')).not.toContain('paper jam');
  await world.say('commander', mine.channel, 'resolve no paper left');
  expect(await world.say('commander', 'general', 'list sev5')).toContain('None.');
  expect(await world.say('commander', 'general', 'list ended p5')).toContain('paper jam');
  expect(await world.say('commander', 'general', 'ls all')).toContain('*cancelled* smoke in the lab');
  expect(await world.say('commander', 'general', 'list purple')).toContain('`purple`');
});

test('health says what waits and why, and that all is well again', async () => {
  const { channel } = await world.declare('declare sev3 clock is wrong');
  expect(await world.say('viewer', 'general', 'health')).toMatch(
    /• Store: answers in \d+ ms\n• Slack: connected, last call `[\w.]+` .*\n• Queue: empty\n• Inbox: empty/,
  );
  await world.control('POST', 'faults', {
    method: 'chat.postMessage',
    kind: 'ratelimit',
    times: 1,
    retry_after: 90,
  });
  await world.say('oncall', channel, 'update we set it');
  const waiting = await eventually(async () => {
    const text = await world.say('viewer', 'general', 'health');
    return text.includes('waiting') && text;
  });
  expect(waiting).toMatch(/Queue: \d+ waiting, the oldest for .* \(`(?:incident:\d+|stakeholders)`/);
  await world.advanceAlone(70_000);
  expect(await world.say('viewer', 'general', 'health')).toContain(':warning: Queue:');
  await world.advance(30_000);
  expect(await world.say('viewer', 'general', 'health')).toContain('• Queue: empty');
  expect((await world.texts(channel)).join('\n')).toContain('we set it');
});

test('lines as people type them are understood; what is not changes nothing, and is answered with whole lines', async () => {
  const { id, channel } = await world.declare('declare sev3 pumps rattle');
  expect(await world.say('oncall', channel, 'sev1')).toContain('Severity is now *sev1*');
  expect(await world.say('oncall', channel, 'set severity to 2')).toContain('Severity is now *sev2*');
  expect(await world.say('oncall', channel, '@support is scribe')).toContain('Scribe is now');
  expect(await world.say('oncall', channel, 'Mitigated: rattles less')).toContain(
    'Status is now *mitigated*',
  );
  expect(await world.say('oncall', channel, `inc-${id} note with the number first`)).toContain('Noted');
  expect(await world.say('oncall', 'general', `note inc-${id} with the number last`)).toContain('Noted');
  const before = (await world.timeline(id)).length;
  expect(await world.say('oncall', channel, 'statsu identified')).toContain('`/incident status identified`');
  expect(await world.say('oncall', channel, 'the pumps are loud again')).toContain(
    'To note it: `/incident note the pumps are loud again`',
  );
  expect(await world.say('oncall', 'general', 'resolve')).toContain('belongs to an incident');
  expect(await world.say('oncall', channel, 'status better')).toContain(
    'investigating, identified, mitigated, resolved',
  );
  expect(await world.timeline(id)).toHaveLength(before);

  // In the order of those who are in a hurry.
  expect(await world.say('oncall', channel, 'status mitigated')).toContain('already');
  expect(await world.say('oncall', channel, 'resolve greased')).toContain('Resolved.');
  expect(await world.say('oncall', channel, 'resolve greased')).toMatch(/already|is resolved/);
  expect(await world.say('oncall', channel, 'impact some noise')).toContain('Noted for the report');
  expect(await world.say('oncall', channel, 'note after the end')).toContain('Noted');
  expect(await world.say('oncall', channel, 'lead')).toContain(`Incident ${id} is resolved`);
  expect(await world.say('oncall', channel, 'reopen louder than before')).toContain('*investigating*');
  expect(await world.say('oncall', channel, 'status identified')).toContain('*identified*');
  expect(await world.say('oncall', channel, 'status investigating')).toContain('*investigating*');
  expect(await world.say('oncall', channel, 'resolve new pumps')).toContain('Resolved.');
});

test('help shows the verbs by what they are for, and one of them with examples and who may', async () => {
  const all = await world.say('viewer', 'general', 'help');
  for (const heading of ['*Start*', '*Run it*', '*People*', '*Database and runbooks*', '*Record*', '*Look*'])
    expect(all).toContain(heading);
  expect(all.indexOf('declare')).toBeLessThan(all.indexOf('resolve'));
  expect(await world.say('viewer', 'general', '')).toBe(all);
  const one = await world.say('viewer', 'general', 'help escalate');
  expect(one).toContain('`/incident escalate [&lt;team&gt; [reason]]`');
  expect(one).toContain('permissions.respond');
  expect(await world.say('viewer', 'general', 'help escalte')).toContain('`/incident help escalate`');
});

test('resolve is done before the form opens; what it asks for is kept, and skipping it changes nothing', async () => {
  const { id, channel } = await world.declare('declare sev2 gates stay shut');
  const said = await world.say('oncall', channel, 'resolve');
  expect(said).toContain('Resolved. `/incident postmortem` exports the report');
  expect((await world.record(id)).incident.status).toBe('resolved');
  expect(await world.form('oncall')).toMatchObject({ callback_id: 'wrap-up' });
  expect(
    await world.submit('oncall', {
      fix: 'the gate controller was restarted',
      follow_ups: '- buy a second controller\n\n* write down how to restart it',
    }),
  ).toEqual({});
  await world.settled();
  expect((await world.record(id)).incident).toMatchObject({
    accounts: { fix: 'the gate controller was restarted' },
    actionItems: [{ text: 'buy a second controller' }, { text: 'write down how to restart it' }],
  });
  expect((await world.channel(channel)).is_archived).toBe(false);
  expect(await world.texts(channel)).toContainEqual(
    expect.stringMatching(/What fixed it: the gate controller was restarted\nAction item 1: buy/),
  );

  const other = await world.declare('declare sev2 barriers are up');
  await world.settled();
  await world.click('oncall', other.channel, 'Resolve');
  const form = await eventually(() => world.form('oncall'));
  await world.settled();
  const [entries, messages] = [await world.timeline(other.id), await world.texts(other.channel)];
  await world.control('POST', 'views/close', { user: 'oncall', view_id: form.id });
  await world.settled();
  expect(await world.timeline(other.id)).toEqual(entries);
  expect(await world.texts(other.channel)).toEqual(messages);
  expect((await world.record(other.id)).incident).toMatchObject({
    status: 'resolved',
    accounts: {},
    actionItems: [],
  });
  const card = (await world.channel(other.channel)).messages.find(
    ({ ts, text }) => ts && text.startsWith('Incident'),
  );
  expect(card && labelsOf(card)).toEqual(['Export postmortem', 'Catch me up']);

  await world.say('oncall', other.channel, 'reopen still up');
  await world.say('oncall', other.channel, 'resolve they are down');
  expect(await world.form('oncall')).toBeUndefined();
  expect((await world.record(other.id)).incident.accounts.fix).toBe('they are down');
});
