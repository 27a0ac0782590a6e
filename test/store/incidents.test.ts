import type { Incident } from '../../src/domain/incident.ts';
import {
  incidentOfChannel,
  listIncidents,
  loadIncident,
  lockIncident,
  nextIncidentId,
  saveIncident,
  setChannel,
} from '../../src/store/incidents.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const at = (minute: number): Date => new Date(Date.UTC(2026, 5, 3, 10, minute, 59, 123));
const bare = (id: number, change: Partial<Incident> = {}): Incident => ({
  id,
  title: 'it is down',
  severity: 'sev3',
  status: 'investigating',
  declaredBy: 'terminal:root@db',
  declaredAt: at(0),
  roles: {},
  milestones: {},
  actionItems: [],
  pages: [],
  leftOut: [],
  ...change,
});
const time = (minute: number, by = 'U0000ONCALL') => ({ at: at(minute), by, recordedAt: at(minute + 1) });
const whole = bare(1, {
  title: 'zażółć \u{1f525} "quoted" \' \\ &amp; <@U0000ONCALL>',
  severity: 'sev1',
  status: 'mitigated',
  declaredBy: 'U0000ONCALL',
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
    { number: 1, team: 'database', user: 'U00000000DBA', requestedBy: 'U0000ONCALL', at: at(3) },
    {
      number: 2,
      team: 'web',
      user: 'U0000000WEB',
      reason: 'the page is empty',
      requestedBy: 'terminal:root@db',
      at: at(4),
      answer: { kind: 'declined', by: 'U0000000WEB', at: at(5) },
    },
  ],
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
    const { declaredBy, declaredAt } = bare(1);
    const changed = { ...whole, declaredBy, declaredAt };
    await saveIncident(store, { ...changed, pages: [...whole.pages].reverse() });
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
    const numbers = async (filter: 'open' | 'all') =>
      (await listIncidents(store, filter)).map(({ id }) => id);
    expect(await numbers('open')).toEqual([4, 1]);
    expect(await numbers('all')).toEqual([4, 3, 2, 1]);
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
