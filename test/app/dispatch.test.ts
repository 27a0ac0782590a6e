import { receive } from '../../src/store/inbox.ts';
import { setChannel } from '../../src/store/incidents.ts';
import { createTestApp, everybody, PEOPLE, type TestApp } from '../support/app.ts';

const { oncall, commander, dba, viewer } = PEOPLE;
const CHANNEL = 'C0INCIDENT1';

describe('typed lines', () => {
  let it1: TestApp;
  beforeEach(async () => {
    it1 = await createTestApp();
  });
  afterEach(() => it1.close());

  const rows = async (): Promise<number> => {
    const { rows: found } = await it1.store.query<{ n: number }>(
      'select (select count(*) from incidents) + (select count(*) from timeline) + (select count(*) from outbox) as n',
    );
    return found[0]?.n ?? -1;
  };
  const declared = async (): Promise<void> => {
    await it1.say(oncall, 'declare sev2 order status page is down');
    await setChannel(it1.store, 1, CHANNEL);
  };

  it('says a time once where its zone is UTC, and in UTC as well where it is not', async () => {
    await declared();
    expect(await it1.say(oncall, 'note 09:50 it began', CHANNEL)).toBe('Noted for 2026-06-03 09:50:00 UTC.');
    expect(await it1.say(oncall, 'note 11:50 Europe/Berlin it began', CHANNEL)).toMatch(
      /^Noted for 2026-06-03 11:50:00 .*Berlin \(2026-06-03 09:50:00 UTC\)\.$/,
    );
  });

  it.each([
    ['an unknown verb', 'resolv', /no verb `resolv`.*Did you mean `\/incident resolve`\?/s],
    ['an unknown severity', 'declare sev9 it is down', /no severity `sev9`.*sev1, sev2/s],
    ['a declaration without a title', 'declare sev1', /needs a title/],
    ['a verb outside an incident channel', 'update hello', /belongs to an incident.*Open: none/s],
    ['an incident that does not exist', 'note inc-77 hello', /There is no incident 77/],
  ])('%s is refused with the fix, and nothing is written', async (_what, line, answer) => {
    expect(await it1.say(oncall, line)).toMatch(answer);
    expect(await rows()).toBe(0);
  });

  it.each([
    ['resovle rolled back', 'Did you mean `/incident resolve rolled back`?'],
    ['satus mitigated', 'Did you mean `/incident status mitigated`?'],
    ['postm', 'Did you mean `/incident postmortem`?'],
    ['mitigted rolled back', 'Did you mean `/incident status mitigated rolled back`?'],
    ['cancelled', 'Did you mean `/incident cancel`?'],
    // `resolved` and `close` are the same verb, which is offered once.
    ['resolvd', 'Did you mean `/incident resolve`?'],
    ['inc-3 resovle rolled back', 'Did you mean `/incident resolve inc-3 rolled back`?'],
    ['#3 mitigted', 'Did you mean `/incident status #3 mitigated`?'],
    [
      'inc-3 sev1 it is bad',
      'Did you mean `/incident severity inc-3 sev1` or `/incident declare sev1 it is bad`?',
    ],
    ['#5 of the shops is down', 'To declare it: `/incident declare #5 of the shops is down`.'],
    ['help postm', 'Did you mean `/incident help postmortem`?'],
    ['checkout is `very`\nslow', "To declare it: `/incident declare checkout is 'very' slow`."],
  ])('of `%s` it is said what may have been meant', async (line, answer) => {
    expect(await it1.say(oncall, line)).toContain(answer);
    expect(await rows()).toBe(0);
  });

  it.each(['xyzzy', 'is it', 'help xyzzy', 'help qq'])('`%s` is near nothing', async (line) => {
    expect(await it1.say(oncall, line)).not.toMatch(/Did you mean|To declare/);
  });

  it('a severity before words declares, but in an incident it is asked which was meant', async () => {
    expect(await it1.say(oncall, 'sev1 order status page is down')).toContain('Incident 1 (sev1) declared');
    await setChannel(it1.store, 1, CHANNEL);
    const before = await rows();
    expect(await it1.say(oncall, 'p2 it is better now', CHANNEL)).toContain(
      'Did you mean `/incident severity sev2` or `/incident declare sev2 it is better now`?',
    );
    expect(await it1.say(oncall, 'the page is down', CHANNEL)).toContain(
      'To note it: `/incident note the page is down`. To declare it: `/incident declare the page is down`.',
    );
    expect(await rows()).toBe(before);
  });

  it('is understood as people type it', async () => {
    await declared();
    const lines: readonly string[] = [
      'set severity to sev1',
      'inc-1 mitigated rolled back',
      `make <@${viewer}|viewer> the scribe`,
      'lead me',
      'mark as resolved',
    ];
    for (const line of lines) expect(await it1.say(oncall, line, CHANNEL)).not.toContain(':no_entry:');
    expect((await it1.app.record(1))?.incident).toMatchObject({
      severity: 'sev1',
      status: 'resolved',
      roles: { scribe: viewer, commander: oncall },
    });
    expect(await it1.say(oncall, '#1')).toContain('order status page is down');
  });

  it('a line is as dangerous as what it is read as', () => {
    for (const line of ['roll back', 'roll-back inc-1', 'inc-1 rollback', 'please roll back'])
      expect(it1.dispatch.isDangerous(line)).toBe(true);
    for (const line of ['sev1 roll back', 'inc-1 note roll back', 'declare roll back'])
      expect(it1.dispatch.isDangerous(line)).toBe(false);
  });

  it('an empty line is a call for help', async () => {
    expect(await it1.say(viewer, '')).toContain('/incident declare');
  });

  it('who is not named may read, and learns who could act', async () => {
    await declared();
    expect(await it1.say(viewer, 'list')).toContain('order status page is down');
    expect(await it1.say(viewer, 'status', CHANNEL)).toContain('*investigating*');
    const before = await rows();
    expect(await it1.say(viewer, 'resolve', CHANNEL)).toMatch(
      /not in `permissions.respond`.*<@U0000ONCALL>/s,
    );
    expect(await rows()).toBe(before);
  });

  it('a guest is refused though a permission names nobody', async () => {
    const guests = await createTestApp({
      directory: { ...everybody, standing: () => Promise.resolve('guest') },
    });
    expect(await guests.say(oncall, 'declare sev1 x')).toMatch(/Only full members.*guest/s);
    await guests.close();
  });

  it('declare to resolve leaves a whole record', async () => {
    await declared();
    const lines: readonly (readonly [string, string])[] = [
      [commander, 'lead'],
      [oncall, 'escalate database the table is broken'],
      [oncall, 'role scribe <@U0000VIEWER|viewer>'],
      [oncall, 'severity 1'],
      [commander, 'status identified a bad migration'],
      [commander, 'update we are rolling back'],
      [oncall, 'note -10m the deploy finished'],
      [commander, 'milestone impact_started -20m'],
      [commander, 'milestone impact_started -25m'],
      [commander, `action test migrations <@${dba}> due 2026-07-01`],
      [commander, 'status mitigated'],
      [commander, 'resolve rolled back'],
    ];
    for (const [who, line] of lines) expect(await it1.say(who, line, CHANNEL)).not.toContain(':no_entry:');
    const record = await it1.app.record(1);
    expect(record?.incident).toMatchObject({
      severity: 'sev1',
      status: 'resolved',
      roles: { commander, scribe: viewer },
      actionItems: [{ number: 1, text: 'test migrations', owner: dba, due: '2026-07-01', done: false }],
      pages: [{ team: 'database', user: dba, reason: 'the table is broken' }],
    });
    expect(record?.incident.milestones.impact_started).toMatchObject({
      at: new Date('2026-06-03T09:35:00Z'),
      earlier: [{ at: new Date('2026-06-03T09:40:00Z') }],
    });
    expect(record?.incident.milestones.acknowledged?.by).toBe(commander);
    expect(record?.timeline).toHaveLength(lines.length + 1);
    expect(record?.people).toEqual({ U0000VIEWER: 'viewer' });
  });

  it('a resolved incident refuses to move, and says how to reopen it', async () => {
    await declared();
    await it1.say(oncall, 'resolve', CHANNEL);
    expect(await it1.say(oncall, 'status mitigated', CHANNEL)).toMatch(/is resolved.*reopen/s);
    expect(await it1.say(oncall, 'reopen it is back', CHANNEL)).toContain('*investigating*');
  });

  it('of two people who take the lead at once one has it, and the other learns who, and how to take over', async () => {
    await declared();
    const both = await Promise.all([oncall, commander].map((who) => it1.ask(who, 'lead', CHANNEL)));
    const record = await it1.app.record(1);
    const holder = record?.incident.roles['commander'];
    expect([oncall, commander]).toContain(holder);
    expect(record?.timeline.filter(({ kind }) => kind === 'role')).toHaveLength(1);
    const [refused, ...others] = both.filter((reply) => reply.refused);
    expect(others).toEqual([]);
    expect(refused?.text).toContain(`<@${holder ?? ''}>`);
    const [offer] = refused?.offers ?? [];
    expect(offer?.line).toBe(`role inc-1 commander take <@${holder ?? ''}>`);
    const second = holder === oncall ? commander : oncall;
    expect(await it1.say(second, offer?.line ?? '')).toContain(`<@${second}>`);
    expect((await it1.app.incident(1))?.roles['commander']).toBe(second);
    // Said again when the role has changed hands, the same line takes it from nobody.
    expect((await it1.ask(PEOPLE.dba, offer?.line ?? '')).refused).toBe(true);
    expect((await it1.app.incident(1))?.roles['commander']).toBe(second);
  });

  it('a page is acknowledged from anywhere: the one that was named, else the one that waits', async () => {
    await declared();
    await it1.say(oncall, 'declare sev2 checkout is slow');
    await it1.say(oncall, 'declare sev2 search finds nothing');
    for (const id of [2, 3]) await it1.say(oncall, `escalate inc-${id} Database`);
    const answered = async (id: number) => (await it1.app.incident(id))?.pages[0]?.answer?.kind;
    expect((await it1.ask(viewer, 'ack inc-2')).refused).toBe(true);
    // In the channel of one that nobody paged them for.
    expect(await it1.say(dba, 'ack inc-2', CHANNEL)).toContain('inc-2');
    expect([await answered(2), await answered(3)]).toEqual(['acknowledged', undefined]);
    expect(await it1.say(dba, 'ack', CHANNEL)).toContain('inc-3');
    expect(await it1.say(dba, 'ack')).toContain(':no_entry:');
    expect(await it1.say(viewer, 'oncall Database')).toContain(`<@${dba}>`);
  });

  it('is no duplicate of one that is over, nor of one of another kind', async () => {
    await declared();
    await it1.say(oncall, 'declare sev2 the search finds nothing');
    await it1.say(oncall, 'resolve inc-2 found');
    await it1.say(oncall, 'drill sev2 the data centre burns');
    expect(await it1.say(oncall, 'duplicate inc-2', CHANNEL)).toMatch(
      /Incident 2 is resolved.*reopen inc-2/s,
    );
    expect(await it1.say(oncall, 'duplicate inc-3', CHANNEL)).toMatch(/of another kind: drill/);
    expect((await it1.app.incident(1))?.status).toBe('investigating');
  });

  it('duplicate names the other one, also when both are named', async () => {
    await declared();
    await it1.say(oncall, 'declare sev2 checkout is slow');
    await it1.say(oncall, 'declare sev2 search finds nothing');
    expect(await it1.say(oncall, 'duplicate inc-2', CHANNEL)).toContain('duplicate of incident 2');
    expect(await it1.say(oncall, 'duplicate inc-3 inc-2')).toContain('duplicate of incident 2');
    const of = async (id: number) => (await it1.app.incident(id))?.duplicateOf;
    expect([await of(1), await of(2), await of(3)]).toEqual([2, undefined, 2]);
  });

  it('an incident is named by number outside its channel', async () => {
    await declared();
    expect(await it1.say(oncall, 'note inc-1 seen from elsewhere')).toBe('Noted.');
  });

  it('who may only read names the incident too, and still may not act', async () => {
    await declared();
    expect(await it1.say(viewer, 'status inc-1')).toContain('order status page is down');
    expect(await it1.say(viewer, 'action #1')).toContain('No open action items');
    expect(await it1.say(viewer, 'status inc-1 mitigated')).toContain('permissions.respond');
  });

  it('a title may begin with a number', async () => {
    await it1.say(oncall, 'declare #5 of the shops is down');
    expect((await it1.app.incident(1))?.title).toBe('#5 of the shops is down');
  });

  it('one delivery that two instances work on is done once', async () => {
    await declared();
    await receive(it1.store, { key: 'k1', kind: 'command', payload: {}, receivedAt: it1.app.now() });
    const wish = { kind: 'note', by: oncall, text: 'once' } as const;
    const both = await Promise.allSettled([1, 2].map(() => it1.app.act(1, wish, { inboxKey: 'k1' })));
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const record = await it1.app.record(1);
    expect(record?.timeline.filter(({ text }) => text === 'once')).toHaveLength(1);
  });

  it.each([
    ['changes nothing', 'status'],
    ['is refused', 'status nonsense'],
    ['is done by one of them', 'note once'],
  ])('one delivery that two instances work on, and that %s, is answered once', async (_how, text) => {
    await declared();
    await receive(it1.store, { key: 'k1', kind: 'command', payload: {}, receivedAt: it1.app.now() });
    const line = { text, actor: oncall, channelId: CHANNEL, inboxKey: 'k1', receivedAt: it1.app.now() };
    const both = await Promise.allSettled([1, 2].map(() => it1.dispatch(line)));
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'ALREADY_DONE' },
    });
  });

  it('a change of status is posted with the head hash of the timeline as it then was', async () => {
    await declared();
    await it1.say(oncall, 'status mitigated', CHANNEL);
    const { rows } = await it1.store.query<{ text: string }>(
      "select effect ->> 'text' as text from outbox where effect ->> 'kind' = 'say' order by id desc limit 1",
    );
    const record = await it1.app.record(1);
    expect(rows[0]?.text).toContain(`Timeline head \`${record?.headHash ?? ''}\``);
  });

  it('while Slack does not say who people are, the named may declare and respond; nothing dangerous is begun', async () => {
    const silent = await createTestApp({
      directory: {
        ...everybody,
        standing: () => Promise.reject(new Error('ratelimited')),
        groupMembers: () => Promise.reject(new Error('ratelimited')),
      },
    });
    expect(await silent.say(oncall, 'declare sev1 it is down')).toContain('Incident 1');
    expect(await silent.say(oncall, 'note inc-1 seen')).toBe('Noted.');
    expect(await silent.say(oncall, 'run inc-1 migration-rollback migration=m1')).toContain(
      'Slack does not answer who you are',
    );
    expect(await silent.say(viewer, 'declare sev1 it is down')).toContain(
      'Slack does not answer who you are',
    );
    await silent.close();
  });
});
