import { verifyChain } from '../../src/domain/chain.ts';
import { exportTimeline } from '../../src/domain/export.ts';
import { setChannel } from '../../src/store/incidents.ts';
import { loadChain } from '../../src/store/timeline.ts';
import { createTestApp, PEOPLE, type TestApp, testSettings } from '../support/app.ts';

const { oncall, commander, viewer } = PEOPLE;
const CHANNEL = 'C0INCIDENT1';

describe('the timeline, by its numbers', () => {
  let it1: TestApp;
  beforeEach(async () => {
    it1 = await createTestApp();
    await it1.say(oncall, 'declare sev2 order status page is down');
    await setChannel(it1.store, 1, CHANNEL);
    await it1.say(oncall, 'note customers report an empty page', CHANNEL);
  });
  afterEach(() => it1.close());

  const say = (line: string, who = oncall) => it1.say(who, line, CHANNEL);
  const entries = async () => (await it1.app.record(1))?.timeline ?? [];
  const lastSaid = async (): Promise<readonly string[]> => {
    const { rows } = await it1.store.query<{ text: string }>(
      `select effect ->> 'text' as text from outbox where effect ->> 'kind' = 'say' order by id`,
    );
    return rows.map(({ text }) => text);
  };

  it('shows the newest page first, and the others by buttons', async () => {
    for (let i = 0; i < 25; i += 1) await say(`note step ${i} of the way`);
    const newest = await it1.dispatch({
      text: 'timeline',
      actor: viewer,
      channelId: CHANNEL,
      receivedAt: new Date(),
    });
    expect(newest.text).toContain('step 24');
    expect(newest.text).not.toContain('Declared');
    expect(newest.text).toContain('_Page 1 of 2, 27 entries; page 1 is the newest._');
    expect(newest.offers).toEqual([{ label: 'Older (page 2)', line: 'timeline inc-1 2' }]);
    const oldest = await it1.dispatch({
      text: 'timeline inc-1 2',
      actor: viewer,
      channelId: CHANNEL,
      receivedAt: new Date(),
    });
    expect(oldest.text).toContain('`1` 2026-06-03 10:00:00 UTC <@U0000ONCALL>: Declared sev2');
    expect(oldest.offers).toEqual([{ label: 'Newer (page 1)', line: 'timeline inc-1 1' }]);
    expect(await say('timeline 9')).toBe(oldest.text);
  });

  it('a page fits a message with buttons, however long its entries are', async () => {
    for (let i = 0; i < 25; i += 1) await say(`note ${'long '.repeat(400)}`);
    expect((await say('timeline')).length).toBeLessThan(2900);
    expect((await say('timeline show 5')).length).toBeGreaterThan(1900);
  });

  it('an edit stands on its entry, and what it said before is shown', async () => {
    expect(await say('timeline edit 2 customers report a blank page', commander)).toMatch(/corrected/);
    const page = await say('timeline', viewer);
    expect(page).toContain('customers report a blank page _(corrected)_');
    expect(page).not.toContain('empty page');
    expect(await say('timeline show 2', viewer)).toBe(
      [
        '`2` 2026-06-03 10:00:00 UTC, note of <@U0000ONCALL>',
        'customers report a blank page',
        '_Corrected 2026-06-03 10:00:00 UTC by <@U0COMMANDER>; before:_',
        '• 2026-06-03 10:00:00 UTC <@U0000ONCALL>: customers report an empty page',
      ].join('\n'),
    );
    expect(verifyChain(await loadChain(it1.store, 1))).toMatchObject({ ok: true });
  });

  it('a struck entry is struck out and can be restored', async () => {
    await say('timeline strike #2: another service');
    expect(await say('timeline')).toContain('~customers report an empty page~ _(struck)_');
    expect(await say('timeline show 2')).toContain('by <@U0000ONCALL>: another service._');
    await say('timeline restore 2');
    expect(await say('timeline')).not.toContain('~');
  });

  it.each([
    ['timeline edit 9 x', /no entry 9; the timeline has 5/],
    ['timeline edit 0 x', /no entry 0/],
    ['timeline edit 3 x', /Entry 3 is itself a correction: it belongs to entry 2/],
    ['timeline strike 4', /Entry 4 is itself a correction: it belongs to entry 2/],
    ['timeline show 3', /belongs to entry 2/],
    ['timeline edit 2 customers report a blank page', /says exactly that already/],
    ['timeline edit 2', /text/],
    ['timeline restore 2', /Entry 2 is not struck/],
    ['timeline edit 1 x', /Entry 1 \(declared\) was recorded by Firebreak itself.*note <what/s],
    ['timeline strike 1', /the record, and is neither edited nor struck/],
    ['timeline edit x y', /is not understood/],
    ['timeline edit', /is not understood/],
    ['timeline newest', /is not understood/],
    ['timeline show', /is not understood/],
    ['timeline show 2 3', /is not understood/],
    ['timeline pick 77', /no entry 77/],
    ['timeline pick 3', /no entry 3/],
    ['timeline pick x', /is not understood/],
    ['timeline pick ,', /is not understood/],
  ])('%s is refused with what to do, and nothing is written', async (line, answer) => {
    await say('timeline edit 2 customers report a blank page');
    await say('timeline edit 2 customers report a white page');
    await say('timeline edit 2 customers report a blank page');
    const before = (await entries()).length;
    const refusal = await say(line);
    expect(refusal).toContain(':no_entry:');
    expect(refusal).toMatch(answer);
    expect(await entries()).toHaveLength(before);
  });

  it('what is struck must be restored before it is struck or edited again', async () => {
    await say('timeline strike 2');
    for (const line of ['timeline strike 2', 'timeline edit 2 x'])
      expect(await say(line)).toMatch(/struck by <@U0000ONCALL> at 2026-06-03.*timeline restore 2/s);
  });

  it('needs respond to correct, nothing to read', async () => {
    for (const line of ['timeline edit 2 x', 'timeline strike 2', 'timeline pick none'])
      expect(await say(line, viewer)).toContain('permissions.respond');
    for (const line of ['timeline', 'timeline 1', 'timeline show 2'])
      expect(await say(line, viewer)).not.toContain(':no_entry:');
  });

  it('a corrected account is what the report says, and the channel is told', async () => {
    await say('impact nobody can pay');
    await say('timeline edit 3 nobody can see orders');
    expect((await it1.app.incident(1))?.accounts.impact).toBe('nobody can see orders');
    expect((await entries()).at(-1)?.text).toBe('Impact: nobody can see orders');
    expect((await lastSaid()).at(-1)).toBe(
      ':pencil2: *impact* corrected by <@U0000ONCALL>: Impact: nobody can see orders',
    );
    await say('timeline strike 3 it was not so');
    expect((await it1.app.incident(1))?.accounts).toEqual({});
    await say('timeline restore 3');
    expect((await it1.app.incident(1))?.accounts.impact).toBe('nobody can see orders');
    await say('impact all is well');
    await say('timeline strike 3');
    expect((await it1.app.incident(1))?.accounts.impact).toBe('all is well');
  });

  it('a corrected update is told again, and one that was taken back is due again', async () => {
    await say('update we roll back');
    const before = (await it1.app.incident(1))?.reminders.nextAt;
    await say('timeline edit 3 we repair the rows');
    expect((await it1.app.incident(1))?.lastUpdate).toMatchObject({ text: 'we repair the rows', by: oncall });
    expect((await lastSaid()).at(-1)).toContain('we repair the rows');
    expect((await it1.app.incident(1))?.reminders.nextAt).toEqual(before);
    await say('timeline strike 3');
    expect(await it1.app.incident(1)).not.toHaveProperty('lastUpdate');
    await say('timeline restore 3');
    expect((await it1.app.incident(1))?.lastUpdate?.text).toBe('we repair the rows');
  });

  it('picks what the export leaves out, and says so in an entry', async () => {
    await say('note another');
    expect(await say('timeline pick')).toContain('Nothing is left out');
    expect(await say('timeline pick 3, 2')).toBe('Left out of the export: 2, 3.');
    expect((await it1.app.incident(1))?.leftOut).toEqual([2, 3]);
    expect((await entries()).at(-1)).toMatchObject({ kind: 'export', text: 'Left out of the export: 2, 3' });
    const count = (await entries()).length;
    await say('timeline pick 3 2');
    expect(await entries()).toHaveLength(count);
    // A form that showed only some of them.
    expect(await say('timeline pick none of 3-9')).toBe('Left out of the export: 2.');
    expect(await say('timeline pick none')).toBe('Nothing is left out of the export.');
  });

  it('keeps both times of what is told later, and sorts it where it belongs', async () => {
    it1.at(new Date('2026-06-03T12:00:00Z'));
    expect(await say('note 09:50 the deploy')).toContain('2026-06-03 09:50:00 UTC');
    const record = await it1.app.record(1);
    if (!record) throw new Error('no record');
    expect(exportTimeline(record)[0]).toMatchObject({
      seq: 3,
      at: '2026-06-03T09:50:00.000Z',
      recorded_at: '2026-06-03T12:00:00.000Z',
      text: 'the deploy',
    });
    expect((await say('timeline')).split('\n')[0]).toContain(
      'the deploy _(recorded 2026-06-03 12:00:00 UTC)_',
    );
  });
});

describe('a note of some time ago, in a team of Berlin', () => {
  let it1: TestApp;
  beforeAll(async () => {
    it1 = await createTestApp({ settings: testSettings({ timezone: 'Europe/Berlin' }) });
    it1.at(new Date('2026-11-22T13:30:00Z'));
    await it1.say(oncall, 'declare sev2 order status page is down');
  });
  afterAll(() => it1.close());

  it.each([
    [
      '-15m it began',
      '2026-11-22T13:15:00.000Z',
      '2026-11-22 14:15:00 Europe/Berlin (2026-11-22 13:15:00 UTC)',
    ],
    [
      '14:05 it began',
      '2026-11-22T13:05:00.000Z',
      '2026-11-22 14:05:00 Europe/Berlin (2026-11-22 13:05:00 UTC)',
    ],
    [
      '14:05 Europe/Berlin it began',
      '2026-11-22T13:05:00.000Z',
      '2026-11-22 14:05:00 Europe/Berlin (2026-11-22 13:05:00 UTC)',
    ],
    [
      '08:05 America/New_York it began',
      '2026-11-22T13:05:00.000Z',
      '2026-11-22 08:05:00 America/New_York (2026-11-22 13:05:00 UTC), 2026-11-22 14:05:00 Europe/Berlin',
    ],
    [
      '2024-06-03T10:15Z it began',
      '2024-06-03T10:15:00.000Z',
      '2024-06-03 10:15:00 UTC, 2024-06-03 12:15:00 Europe/Berlin',
    ],
    [
      'yesterday 23:50 it began',
      '2026-11-21T22:50:00.000Z',
      '2026-11-21 23:50:00 Europe/Berlin (2026-11-21 22:50:00 UTC)',
    ],
  ])('note %s is answered in both zones, and keeps both times', async (words, at, answer) => {
    expect(await it1.say(oncall, `note inc-1 ${words}`)).toBe(`Noted for ${answer}.`);
    const entry = (await it1.app.record(1))?.timeline.at(-1);
    expect(entry).toMatchObject({ at: new Date(at), recordedAt: it1.app.now(), text: 'it began' });
  });

  it.each([
    [
      '14:45 soon',
      /understood as 2026-11-22 14:45:00 Europe\/Berlin \(2026-11-22 13:45:00 UTC\).*in the future/s,
    ],
    ['2026-03-29 02:30 x', /understood as 2026-03-29 02:30 Europe\/Berlin, which no clock showed/],
    ['2026-10-25 02:30 x', /clocks showed twice.*`2026-10-25T02:30\+02:00` or `2026-10-25T02:30\+01:00`/s],
    ['14:05 CEST x', /time zone `CEST` is unknown or means more than one/],
    ['25:10 x', /looks like a time/],
  ])('note %s is refused with what was understood, and nothing is noted', async (words, answer) => {
    const before = (await it1.app.record(1))?.timeline.length;
    expect(await it1.say(oncall, `note inc-1 ${words}`)).toMatch(answer);
    expect((await it1.app.record(1))?.timeline).toHaveLength(before ?? 0);
  });
});
