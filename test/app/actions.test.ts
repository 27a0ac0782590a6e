/** Action items and figures through the whole app: lines as people type them, on a real store. */
import type { Directory } from '../../src/app/app.ts';
import { createTestApp, PEOPLE, type TestApp, testSettings } from '../support/app.ts';

const { oncall, dba, viewer, commander } = PEOPLE;
const at = (text: string): Date => new Date(text);

describe('action items', () => {
  let test: TestApp;
  const directory: Directory = {
    standing: () => Promise.resolve('member'),
    groupMembers: () => Promise.resolve([]),
    channelMembers: () => Promise.resolve([oncall]),
    userByEmail: () => Promise.resolve(undefined),
  };
  beforeEach(async () => {
    test = await createTestApp({ settings: testSettings({ timezone: 'Europe/Berlin' }), directory });
  });
  afterEach(() => test.close());
  const say = (who: string, line: string) => test.say(who, line);
  const items = async (id = 1) => (await test.app.incident(id))?.actionItems ?? [];

  it('are added, listed, assigned, moved, finished and opened again by what people type', async () => {
    await say(oncall, 'declare sev2 it is down');
    expect(await say(oncall, `action inc-1 add test migrations <@${dba}|dba> by 30 June`)).toBe(
      `Action item 1 added (<@${dba}>, due 2026-06-30 (Tuesday)).`,
    );
    expect(await say(oncall, 'action inc-1 write a runbook')).toContain('no owner, no deadline');
    expect(await say(oncall, `task inc-1 assign 2 to <@${commander}>`)).toContain(commander);
    expect(await say(oncall, 'action inc-1 due 2 tomorrow')).toContain('2026-06-04 (Thursday)');
    expect(await say(oncall, 'action inc-1 done 1')).toBe('Action item 1 is done.');
    expect(await say(oncall, 'action inc-1')).toBe(
      `2. write a runbook (<@${commander}>, due 2026-06-04 (Thursday))\n1 done; \`action list all\` shows them.`,
    );
    expect(await say(oncall, 'action inc-1 reopen 1')).toContain('open again');
    test.at(at('2026-06-04T22:30:00Z'));
    expect(await say(oncall, 'action inc-1 list overdue')).toMatch(/^:red_circle: 2\. write a runbook/);
    expect(await say(commander, 'action inc-1 list mine')).toContain('2. write a runbook');
    expect(await say(oncall, 'action inc-1 list mine')).toBe('No open action items of yours.');
    const { timeline = [] } = (await test.app.record(1)) ?? {};
    expect(timeline.filter(({ kind }) => kind === 'action')).toHaveLength(6);
  });

  it.each([
    [`action inc-1 add <@${dba}>`, /says who|has no text/],
    ['action inc-1 add', /has no text/],
    ['action inc-1 add test it by 31 June', /31 June, which no calendar has/],
    ['action inc-1 add test it by next friday', /no day that is understood/],
    ['action inc-1 done', /needs the number/],
    ['action inc-1 done 9', /no action item 9/],
    ['action inc-1 assign 1 somebody', /not a person/],
  ])('change nothing by: %s', async (line, reason) => {
    await say(oncall, 'declare sev2 it is down');
    expect(await say(oncall, line)).toMatch(reason);
    expect(await items()).toEqual([]);
  });

  it('may be finished and moved by their owner, who needs no right for it and sees nothing else', async () => {
    await say(oncall, 'declare --private sev2 a leak');
    await test.store.query(`update incidents set channel_id = 'C1'`);
    await test.app.act(1, { kind: 'add-action', by: oncall, text: 'change the key', owner: viewer });
    await test.app.act(1, { kind: 'add-action', by: oncall, text: 'tell them', owner: dba });
    for (const line of [
      'action inc-1',
      'action inc-1 done 2',
      'action inc-1 assign 1 me',
      'action inc-1 add x',
    ])
      expect(await say(viewer, line)).toMatch(/no incident 1|may not|permi/i);
    expect(await say(viewer, 'action inc-1 due 1 +7d')).toContain('2026-06-10');
    expect(await say(viewer, 'action inc-1 done 1')).toBe('Action item 1 is done.');
    expect((await items()).map(({ done }) => done)).toEqual([true, false]);
  });

  it('are reminded of once by several lookers at the same time, also after a restart', async () => {
    await say(oncall, 'declare sev5 it is down');
    await say(oncall, `action inc-1 add test migrations <@${dba}> by 30 June`);
    await say(oncall, 'lead inc-1');
    test.at(at('2026-06-29T07:00:00Z'));
    await Promise.all([1, 2, 3, 4].map(() => test.app.act(1, { kind: 'remind' })));
    const { rows } = await test.store.query<{ lane: string }>(
      `select lane from outbox where effect -> 'subject' ->> 'kind' = 'action'`,
    );
    expect(rows).toEqual([{ lane: `user:${dba}` }]);
    expect(await items()).toMatchObject([
      { quietUntil: '2026-06-29', reminder: { on: '2026-06-29', to: dba } },
    ]);
  });
});

describe('figures', () => {
  let test: TestApp;
  beforeAll(async () => {
    const directory: Directory = {
      standing: () => Promise.resolve('member'),
      groupMembers: () => Promise.resolve([]),
      channelMembers: () => Promise.resolve([oncall]),
      userByEmail: () => Promise.resolve(undefined),
    };
    test = await createTestApp({ directory });
  });
  afterAll(() => test.close());

  it('count a private incident only for who may know of it, also among what is left out', async () => {
    await test.say(oncall, 'declare sev2 it is down');
    await test.say(oncall, 'declare --private sev1 a leak');
    await test.say(oncall, 'declare --private sev1 another leak of keys --anyway');
    await test.store.query(`update incidents set channel_id = 'C' || id`);
    await test.say(oncall, 'cancel inc-3 false alarm');
    const window = { from: at('2026-06-01T00:00:00Z'), to: at('2026-07-01T00:00:00Z') };
    expect(await test.app.figures(window, oncall)).toMatchObject({
      incidents: 2,
      leftOut: { cancelled: 1 },
      bySeverity: [{ name: 'sev1' }, { name: 'sev2' }],
    });
    expect(await test.app.figures(window, viewer)).toMatchObject({
      incidents: 1,
      leftOut: { cancelled: 0 },
      bySeverity: [{ name: 'sev2' }],
    });
    expect(await test.app.figures(window, 'terminal:root@db')).toMatchObject({ incidents: 1 });
    test.at(at('2026-06-03T10:00:01Z'));
    expect((await test.app.home(viewer)).figures.incidents).toBe(1);
  });
});
