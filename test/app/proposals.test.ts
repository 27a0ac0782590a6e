import { DEFAULT_ALERT_POLICY } from '../../src/domain/alert-rules.ts';
import { createTestApp, PEOPLE, type TestApp, testSettings } from '../support/app.ts';

const { oncall } = PEOPLE;
const applied = new Date('2026-06-03T09:58:00Z');
const locked = {
  monitor: 'order-status',
  target: 'shop',
  sqlstate: '55P03',
  error: 'canceling statement due to lock timeout',
  relations: ['order_status'],
  firstFailedAt: new Date('2026-06-03T09:58:01Z'),
};
const broken = {
  ...locked,
  sqlstate: '42703',
  error: 'column s.eta does not exist',
  migration: { name: 'm2', appliedAt: applied },
};

describe('proposals', () => {
  let it1: TestApp;
  beforeEach(async () => {
    it1 = await createTestApp();
  });
  afterEach(() => it1.close());

  it('a declaration takes over the only open one: its times, its sighting and the change before it', async () => {
    await it1.app.propose(broken);
    await it1.say(oncall, 'declare sev1 order status is down');
    const record = await it1.app.record(1);
    expect(record?.incident.milestones).toMatchObject({
      impact_started: { at: broken.firstFailedAt, by: 'monitor:order-status' },
      detected: { by: 'monitor:order-status' },
    });
    expect(record?.timeline.map(({ kind, at }) => [kind, at])).toEqual([
      ['change', applied],
      ['monitor', it1.app.now()],
      ['declared', it1.app.now()],
    ]);
    expect(await it1.say(oncall, 'declare sev2 proposal:1 again')).toMatch(/Proposal 1 is not open/);
  });

  it('with two open ones none is guessed; the named one is taken', async () => {
    await it1.app.propose(locked);
    await it1.app.propose({ ...locked, monitor: 'bank', target: 'bank' });
    await it1.say(oncall, 'declare sev2 something else');
    expect((await it1.app.record(1))?.proposals).toEqual([]);
    await it1.say(oncall, 'declare sev2 proposal:2 the bank');
    expect((await it1.app.record(2))?.proposals).toMatchObject([{ target: 'bank' }]);
  });

  it('the same alert once more belongs to the incident that it became', async () => {
    await it1.app.propose(locked);
    await it1.say(oncall, 'declare sev1 proposal:1 orders cannot be seen');
    expect(await it1.app.propose({ ...locked, firstFailedAt: new Date('2026-06-03T09:59:30Z') })).toBe(1);
    expect(await it1.app.proposal(2)).toBeUndefined();
  });

  it('a page of no service is one group, whatever it answers', async () => {
    const { target: _, sqlstate: __, ...page } = { ...locked, monitor: 'checkout', relations: [] };
    await it1.app.propose({ ...page, error: 'https://x.y/ answers 503' });
    await it1.app.monitorTurned('checkout', 1, 'green', it1.app.now());
    expect(await it1.app.propose({ ...page, error: 'https://x.y/ does not answer within 15 s' })).toBe(1);
  });

  it('where a rule proposes it all the same, who declares is shown the incident that is open', async () => {
    const alerts = {
      ...DEFAULT_ALERT_POLICY,
      rules: [{ match: { source: ['monitor'] }, do: 'propose' as const }],
    };
    const shop = { service: 'shop' };
    await it1.close();
    it1 = await createTestApp({ settings: testSettings({ alerts, services: { shop: { links: {} } } }) });
    await it1.app.propose({ ...locked, ...shop });
    await it1.say(oncall, 'declare sev1 proposal:1 orders cannot be seen');
    await it1.app.propose({ ...broken, ...shop, monitor: 'other' });
    expect(await it1.say(oncall, 'declare sev2 proposal:2 nothing works')).toContain(
      'may be open already: inc-1',
    );
    expect(await it1.say(oncall, 'declare --anyway sev2 proposal:2 nothing works')).toContain('declared');
  });

  it('a private declaration takes over nothing that all can see', async () => {
    await it1.app.propose(broken);
    await it1.say(oncall, 'declare --private sev2 a key has leaked');
    const record = await it1.app.record(1);
    expect([record?.proposals, record?.incident.milestones.detected]).toEqual([[], undefined]);
    expect((await it1.app.proposal(1))?.incidentId).toBeUndefined();
  });

  it('one that turns out to be about the schema is rewritten once, and its incident is told', async () => {
    const id = (await it1.app.propose(locked)) as number;
    await it1.say(oncall, 'declare sev1 order status is down');
    await it1.store.query(`update outbox set state = 'sent'`);
    const before = (await it1.store.query<{ id: number }>('select max(id) as id from outbox')).rows[0]?.id;
    await it1.app.revise(id, broken);
    await it1.app.revise(id, { ...broken, error: 'something else' });
    const record = await it1.app.record(1);
    expect(record?.proposals).toMatchObject([
      { sqlstate: '42703', error: broken.error, migration: { name: 'm2' } },
    ]);
    expect(record?.timeline.filter(({ kind }) => kind === 'change')).toHaveLength(1);
    expect(record?.timeline.at(-1)?.text).toContain('SQLSTATE 42703');
    // The message of its alerts in the channel, where the rollback is a button, is written anew.
    const { rows } = await it1.store.query(
      `select from outbox where lane = 'incident:1' and effect #>> '{subject,kind}' = 'alerts' and id > $1`,
      [before],
    );
    expect(rows).toHaveLength(1);
  });

  it('one whose incident is closed tells nobody: what is more telling is proposed anew', async () => {
    expect(await it1.app.propose(locked)).toBe(1);
    await it1.say(oncall, 'declare sev1 orders are slow');
    await it1.say(oncall, 'inc-1 resolve it is known');
    const later = { ...broken, firstFailedAt: new Date('2026-06-03T09:59:58Z') };
    expect(await it1.app.revise(1, later)).toBe(false);
    expect(await it1.app.propose(later)).toBe(2);
    expect(await it1.app.proposal(1)).toMatchObject({ sqlstate: '55P03' });
    expect(await it1.app.revise(2, later)).toBe(true);
  });

  it('green ends the impact; red and green again correct it', async () => {
    const id = (await it1.app.propose(broken)) as number;
    expect(await it1.app.monitorTurned('order-status', id, 'green', it1.app.now())).toBe(false);
    expect(await it1.app.monitorTurned('order-status', id, 'red', it1.app.now())).toBe(false);
    expect(await it1.app.propose(broken)).toBe(id);
    await it1.say(oncall, 'declare sev1 order status is down');
    const first = new Date('2026-06-03T09:59:00Z');
    expect(await it1.app.monitorTurned('order-status', id, 'green', first)).toBe(true);
    await it1.app.monitorTurned('order-status', id, 'red', it1.app.now());
    await it1.app.monitorTurned('order-status', id, 'green', it1.app.now());
    expect((await it1.app.record(1))?.incident.milestones.impact_ended).toMatchObject({
      at: it1.app.now(),
      earlier: [{ at: first }],
    });
  });

  it('one that is named is taken however old it is', async () => {
    await it1.app.propose(broken);
    it1.at(new Date('2026-06-03T15:00:00Z'));
    await it1.say(oncall, 'declare sev1 seen by nobody else');
    expect((await it1.app.record(1))?.proposals).toEqual([]);
    await it1.say(oncall, 'declare sev1 proposal:1 order status is down');
    expect((await it1.app.record(2))?.incident.milestones.impact_started?.at).toEqual(broken.firstFailedAt);
  });

  it('proposed again after a crash, it stays one', async () => {
    expect(await it1.app.propose(broken)).toBe(await it1.app.propose(broken));
  });

  it('a page that nobody answers is told once, though its timer comes twice', async () => {
    await it1.say(oncall, 'declare sev1 down');
    await it1.say(oncall, 'escalate inc-1 database');
    await it1.app.escalationDue(1, 1, 1);
    await it1.app.escalationDue(1, 1, 1);
    const told = (await it1.app.record(1))?.timeline.filter(({ text }) => text?.includes('no answer in'));
    expect(told).toHaveLength(1);
    expect((await it1.app.incident(1))?.escalations).toMatchObject([{ state: 'exhausted' }]);
  });
});
