import type { Incident } from '../../src/domain/incident.ts';
import { NO_REMINDERS } from '../../src/domain/reminders.ts';
import {
  type IncidentFilter,
  incidentOfChannel,
  listIncidents,
  loadIncident,
  lockIncident,
  nextIncidentId,
  openActionItems,
  remindable,
  saveIncident,
  setChannel,
} from '../../src/store/incidents.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const at = (minute: number): Date => new Date(Date.UTC(2026, 5, 3, 10, minute, 59, 123));
const bare = (id: number, change: Partial<Incident> = {}): Incident => ({
  id,
  kind: 'incident',
  private: false,
  title: 'it is down',
  severity: 'sev3',
  status: 'investigating',
  statusSince: at(0),
  declaredBy: 'terminal:root@db',
  declaredAt: at(0),
  accounts: {},
  roles: {},
  milestones: {},
  actionItems: [],
  escalations: [],
  pages: [],
  leftOut: [],
  reminders: NO_REMINDERS,
  ...change,
});
const time = (minute: number, by = 'U0000ONCALL') => ({ at: at(minute), by, recordedAt: at(minute + 1) });
const whole = bare(1, {
  title: 'zażółć \u{1f525} "quoted" \' \\ &amp; <@U0000ONCALL>',
  severity: 'sev1',
  status: 'mitigated',
  statusSince: at(9),
  declaredBy: 'U0000ONCALL',
  service: 'order-status',
  archived: true,
  duplicateOf: 1,
  accounts: {
    impact: 'nobody \u{1f525} sees "it"',
    summary: 'a\nb',
    cause: '&amp; <@U0000ONCALL>',
    fix: "it's",
  },
  lastUpdate: { at: at(8), by: 'U0COMMANDER', text: 'we are rolling back' },
  postmortemAt: at(20),
  roles: {
    commander: 'U0COMMANDER',
    deputy: 'U0000000DEP',
    scribe: 'U000000SCRB',
    'customer-liaison': 'U000000CUST',
    'internal-liaison': 'U000000INTL',
    expert: 'U00000000DBA',
  },
  milestones: {
    impact_started: { ...time(1, 'monitor:x'), earlier: [] },
    detected: { ...time(2, 'monitor:x'), earlier: [] },
    declared: { ...time(3), earlier: [] },
    acknowledged: { ...time(4), earlier: [] },
    mitigated: { ...time(9), earlier: [time(5), time(7, 'U0COMMANDER')] },
    resolved: { ...time(10), earlier: [] },
    impact_ended: { ...time(11), earlier: [] },
  },
  actionItems: [
    { number: 1, text: 'test migrations', done: false, createdBy: 'U0000ONCALL' },
    {
      number: 2,
      text: 'two\nlines',
      owner: 'U00000000DBA',
      due: '2026-12-15',
      done: true,
      createdBy: 'U0COMMANDER',
    },
  ],
  pages: [
    {
      number: 1,
      escalation: 1,
      level: 1,
      team: 'database',
      user: 'U00000000DBA',
      requestedBy: 'U0000ONCALL',
      at: at(3),
      unsent: 'user_disabled',
    },
    {
      number: 2,
      escalation: 2,
      level: 3,
      team: 'web',
      user: 'U0000000WEB',
      reason: 'the page is empty',
      requestedBy: 'terminal:root@db',
      at: at(4),
      answer: { kind: 'declined', by: 'U0000000WEB', at: at(5) },
    },
  ],
  escalations: [
    {
      number: 1,
      team: 'database',
      requestedBy: 'U0000ONCALL',
      at: at(3),
      level: 1,
      levelAt: at(3),
      waitSeconds: 0.5,
      ways: [],
      state: 'paging',
    },
    {
      number: 2,
      team: 'web',
      reason: 'the page is empty',
      requestedBy: 'terminal:root@db',
      at: at(4),
      level: 3,
      levelAt: at(6),
      waitSeconds: 300,
      ways: ['pagerduty', 'webhook'],
      state: 'exhausted',
    },
  ],
  reminders: {
    last: {
      number: 4,
      kind: 'update-due',
      at: at(12),
      state: { kind: 'snoozed', by: 'U0COMMANDER', until: at(27) },
    },
    snoozed: { 'update-due': at(27), 'roles-unclaimed': at(3) },
    dismissed: ['status-stale'],
    said: { 'update-due': { at: at(30), times: 2 } },
    nextAt: at(27),
  },
});

describe('incidents in the store', () => {
  let database: TestDatabase;
  let store: Store;
  beforeEach(async () => {
    database = await createTestDatabase();
    store = openStore(database.url);
  });
  afterEach(async () => {
    await store.close();
    await database.drop();
  });

  it.each([
    ['with all there can be', whole],
    ['with nothing but what it was declared as', bare(1)],
  ])('come back as they were written: %s', async (_what, incident) => {
    await saveIncident(store, incident);
    expect(await loadIncident(store, 1)).toStrictEqual(incident);
    await setChannel(store, 1, 'C0INCIDENT1');
    expect(await loadIncident(store, 1)).toStrictEqual({ ...incident, channelId: 'C0INCIDENT1' });
  });

  it('come back the same in any time zone of the server', async () => {
    await saveIncident(store, whole);
    await store.transaction(async (tx) => {
      await tx.query(`set local timezone = 'Asia/Kathmandu'`);
      await tx.query(`set local datestyle = 'German'`);
      expect((await lockIncident(tx, 1))?.pages).toStrictEqual(whole.pages);
    });
  });

  it('are overwritten in all that can change, and keep their channel and their order', async () => {
    await saveIncident(store, bare(1));
    await setChannel(store, 1, 'C0INCIDENT1');
    const { declaredBy, declaredAt, kind, private: hidden } = bare(1);
    const changed = { ...whole, declaredBy, declaredAt, kind, private: hidden };
    const [pages, escalations] = [[...whole.pages].reverse(), [...whole.escalations].reverse()];
    await saveIncident(store, { ...changed, pages, escalations });
    const expected = { ...changed, channelId: 'C0INCIDENT1' };
    expect(await loadIncident(store, 1)).toStrictEqual(expected);
    const [first, second] = whole.pages;
    if (!first || !second) throw new Error('two pages');
    const answered = {
      ...first,
      answer: { kind: 'acknowledged', by: first.user, at: at(6) } as const,
    };
    await saveIncident(store, { ...changed, pages: [answered, second] });
    expect(await loadIncident(store, 1)).toStrictEqual({ ...expected, pages: [answered, second] });
  });

  it('are written only in those parts that have changed', async () => {
    await store.transaction((tx) => saveIncident(tx, whole));
    const versions = async (): Promise<Readonly<Record<string, string>>> => {
      const { rows } = await store.query<{ part: string; xmin: string }>(
        `select 'action ' || number as part, xmin::text from action_items
         union all select 'escalation ' || number, xmin::text from escalations
         union all select 'page ' || number, xmin::text from pages`,
      );
      return Object.fromEntries(rows.map(({ part, xmin }) => [part, xmin]));
    };
    const before = await versions();
    await store.transaction((tx) => saveIncident(tx, { ...whole, title: 'another one' }));
    expect(await versions()).toEqual(before);
    const [first, ...others] = whole.actionItems;
    if (!first) throw new Error('no action item');
    await store.transaction((tx) =>
      saveIncident(tx, { ...whole, actionItems: [{ ...first, done: true }, ...others] }),
    );
    const { 'action 1': changed, ...rest } = await versions();
    const { 'action 1': old, ...same } = before;
    expect(rest).toEqual(same);
    expect(changed).not.toBe(old);
    expect(Object.keys(same).length).toBeGreaterThan(3);
  });

  it('are numbered from 1, and a number that was drawn is not drawn again', async () => {
    expect(await nextIncidentId(store)).toBe(1);
    await saveIncident(store, bare(1));
    expect(await nextIncidentId(store)).toBe(2);
  });

  it('are listed newest first, the ended ones on demand', async () => {
    await saveIncident(store, bare(1));
    await saveIncident(store, bare(2, { status: 'resolved' }));
    await saveIncident(store, bare(3, { status: 'cancelled' }));
    await saveIncident(store, whole);
    await saveIncident(store, bare(4));
    const numbers = async (state: 'open' | 'ended' | 'all') =>
      (await listIncidents(store, { state })).map(({ id }) => id);
    expect(await numbers('open')).toEqual([4, 1]);
    expect(await numbers('ended')).toEqual([3, 2]);
    expect(await numbers('all')).toEqual([4, 3, 2, 1]);
  });

  it('are found by severity, service, kind and person, also by several at once', async () => {
    const escalations = whole.escalations.slice(0, 1);
    const pages = whole.pages.slice(0, 1);
    await saveIncident(store, bare(1, { severity: 'sev1', service: 'shop', declaredBy: 'U0000ONCALL' }));
    await saveIncident(store, bare(2, { severity: 'sev1', kind: 'drill', roles: { scribe: 'U0000ONCALL' } }));
    await saveIncident(store, bare(3, { service: 'shop', escalations, pages }));
    await saveIncident(store, bare(4, { severity: 'sev1', status: 'resolved', service: 'shop' }));
    const found = async (filter: Omit<IncidentFilter, 'state'>, state: IncidentFilter['state'] = 'open') =>
      (await listIncidents(store, { state, ...filter })).map(({ id }) => id);
    expect(await found({ severity: 'sev1' })).toEqual([2, 1]);
    expect(await found({ service: 'shop' })).toEqual([3, 1]);
    expect(await found({ kind: 'drill' })).toEqual([2]);
    expect(await found({ person: 'U0000ONCALL' })).toEqual([2, 1]);
    expect(await found({ person: 'U00000000DBA' })).toEqual([3]);
    expect(await found({ person: 'U0000NOBODY' })).toEqual([]);
    expect(await found({ severity: 'sev1', service: 'shop' }, 'all')).toEqual([4, 1]);
    expect(await found({ severity: 'sev1', service: 'shop' }, 'ended')).toEqual([4]);
  });

  it('are of every kind, private or not, and no other kind', async () => {
    for (const [index, kind] of (['incident', 'drill', 'retrospective'] as const).entries()) {
      const incident = bare(index + 1, { kind, private: index === 1 });
      await saveIncident(store, incident);
      expect(await loadIncident(store, index + 1)).toStrictEqual(incident);
    }
    await expect(saveIncident(store, bare(4, { kind: 'party' as 'drill' }))).rejects.toMatchObject({
      code: '23514',
    });
  });

  it('say when to look whether something is due; the first is first', async () => {
    const later = (id: number, minute: number) =>
      saveIncident(store, bare(id, { reminders: { ...NO_REMINDERS, nextAt: at(minute) } }));
    await later(1, 30);
    await later(2, 10);
    await later(3, 50);
    await saveIncident(store, bare(4));
    expect(await remindable(store, at(9))).toEqual([]);
    expect(await remindable(store, at(30))).toEqual([2, 1]);
    await saveIncident(store, bare(2));
    expect(await remindable(store, at(50))).toEqual([1, 3]);
  });

  it.each([
    { kind: 'open' } as const,
    { kind: 'done' } as const,
    { kind: 'dismissed', by: 'U0COMMANDER' } as const,
  ])('keep a reminder that is $kind', async (state) => {
    const reminders = {
      ...NO_REMINDERS,
      last: { number: 1, kind: 'roles-unclaimed', at: at(5), state } as const,
    };
    await saveIncident(store, bare(1, { reminders }));
    expect((await loadIncident(store, 1))?.reminders).toStrictEqual(reminders);
  });

  it('have action items of a person, over all of them, without those that are done', async () => {
    const mine = { text: 'mine', owner: 'U0000ONCALL', done: false, createdBy: 'U0COMMANDER' };
    await saveIncident(
      store,
      bare(2, {
        actionItems: [
          { number: 1, ...mine, due: '2026-12-15' },
          { number: 2, ...mine, done: true },
          { number: 3, ...mine, owner: 'U0COMMANDER' },
        ],
      }),
    );
    await saveIncident(store, bare(1, { status: 'resolved', actionItems: [{ number: 1, ...mine }] }));
    expect(await openActionItems(store, 'U0000ONCALL')).toStrictEqual([
      { incident: 1, item: { number: 1, ...mine } },
      { incident: 2, item: { number: 1, ...mine, due: '2026-12-15' } },
    ]);
    expect(await openActionItems(store, 'U0000NOBODY')).toEqual([]);
  });

  it('are found by their channel, and one channel belongs to one incident', async () => {
    await saveIncident(store, bare(1));
    await saveIncident(store, bare(2));
    await setChannel(store, 1, 'C0INCIDENT1');
    expect(await incidentOfChannel(store, 'C0INCIDENT1')).toBe(1);
    expect(await incidentOfChannel(store, 'C0OTHER')).toBeUndefined();
    await expect(setChannel(store, 2, 'C0INCIDENT1')).rejects.toMatchObject({ code: '23505' });
    expect(await loadIncident(store, 3)).toBeUndefined();
  });

  it('are decided on by one at a time', async () => {
    await saveIncident(store, bare(1));
    await store.transaction(async (tx) => {
      await lockIncident(tx, 1);
      await expect(
        store.transaction(async (other) => {
          await other.query(`set local lock_timeout = '50ms'`);
          await lockIncident(other, 1);
        }),
      ).rejects.toMatchObject({ code: '55P03' });
    });
  });
});
