/** Alerts that come again: after their incident, after a silence, beyond the limit, as more severe, from all sides. */
import type { Alert } from '../../src/domain/alert.ts';
import { type AlertPolicy, DEFAULT_ALERT_POLICY, type Rule } from '../../src/domain/alert-rules.ts';
import { saveMonitor } from '../../src/store/monitors.ts';
import { attachProposal } from '../../src/store/proposals.ts';
import { createTestApp, PEOPLE, type TestApp, testSettings } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';

const { oncall } = PEOPLE;
const MINUTE = 60_000;
const START = new Date('2026-06-03T10:00:00Z');
const services = { checkout: { links: {} }, search: { links: {} } };

const alert = (more: Partial<Alert> = {}): Alert => ({
  source: 'alertmanager',
  fingerprint: 'a1',
  state: 'firing',
  title: 'Carts are empty',
  service: 'checkout',
  labels: {},
  startsAt: new Date('2026-06-03T09:59:00Z'),
  ...more,
});
/** Of no service: its source groups it. */
const homeless = (more: Partial<Alert> = {}): Alert => {
  const { service: _, ...rest } = alert({ group: 'queue', title: 'Queue grows', ...more });
  return rest;
};
const red = {
  monitor: 'shop:probes',
  target: 'shop',
  error: 'canceling statement due to lock timeout',
  sqlstate: '55P03',
  relations: ['order_status'],
  firstFailedAt: new Date('2026-06-03T09:59:30Z'),
};

describe('alerts that come again', () => {
  let it1: TestApp;
  let deliveries = 0;
  const open = async (policy: Partial<AlertPolicy> = {}): Promise<void> => {
    const alerts = { ...DEFAULT_ALERT_POLICY, ...policy };
    it1 = await createTestApp({ settings: testSettings({ services, alerts }) });
  };
  const rules = (...all: Rule[]): Promise<void> => open({ rules: all });
  const told = (alerts: readonly Alert[], key = `sha256:${(deliveries += 1)}`) =>
    it1.app.alertsArrived({ source: 'alertmanager', key, hasId: false, alerts });
  const after = (minutes: number): void => it1.at(new Date(START.getTime() + minutes * MINUTE));
  const known = () => it1.app.alerts({ since: new Date(0) });
  const places = async () => (await known()).map(({ outcome, proposal }) => [outcome, proposal]);
  const entries = async (incident = 1) =>
    (await it1.app.record(incident))?.timeline.map(({ text = '' }) => text) ?? [];
  /** What is to be shown anew since this was asked last: lanes and subjects. */
  const shown = async (): Promise<readonly string[]> => {
    const { rows } = await it1.store.query<{ lane: string; kind: string }>(
      `update outbox set state = 'sent' where state = 'pending' and effect ->> 'kind' = 'live'
       returning lane, effect #>> '{subject,kind}' as kind`,
    );
    return rows.map(({ lane, kind }) => `${lane} ${kind}`).sort();
  };
  afterEach(() => it1.close());

  describe('after their incident', () => {
    beforeEach(() => open());

    it('a monitor that is red again is proposed again, also after a proposal that nobody took', async () => {
      const turned = (proposal: number, state: 'green' | 'red') =>
        it1.app.monitorTurned(red.monitor, proposal, state, it1.app.now());
      expect(await it1.app.propose(red)).toBe(1);
      await it1.say(oncall, 'declare sev1 proposal:1 orders cannot be seen');
      await turned(1, 'green');
      await it1.say(oncall, 'resolve inc-1 it was only locked');
      after(10);
      expect(await turned(1, 'red')).toBe(false);
      expect(await it1.app.propose({ ...red, firstFailedAt: it1.app.now() })).toBe(2);
      await turned(2, 'green');
      after(3 * 24 * 60);
      expect(await turned(2, 'red')).toBe(false);
      expect(await it1.app.propose({ ...red, firstFailedAt: it1.app.now() })).toBe(3);
    });

    it('one whose source tells the same beginning is proposed again; the incident keeps what it was told', async () => {
      await told([alert()]);
      await it1.say(oncall, 'declare sev1 proposal:1 carts are empty');
      await told([alert({ state: 'resolved' })]);
      await it1.say(oncall, 'resolve inc-1 the cache was cold');
      after(10);
      await told([alert()]);
      const [again, first] = await known();
      expect(first).toMatchObject({ proposal: 1, incident: 1 });
      expect(again).toMatchObject({ outcome: 'proposed', state: 'firing' });
      expect(again).not.toHaveProperty('incident');
      expect(again?.proposal).toBeGreaterThan(1);
      expect((await it1.app.record(1))?.alerts).toMatchObject([{ state: 'resolved' }]);
    });

    it('one that is resolved afterwards still shows in its channel and card, and opens nothing', async () => {
      await told([alert()]);
      await it1.app.propose({ ...red, service: 'checkout' });
      await it1.say(oncall, 'declare sev1 proposal:1 carts are empty');
      await it1.say(oncall, 'resolve inc-1 the cache was cold');
      const before = await entries();
      await shown();
      await told([alert({ state: 'resolved' })]);
      expect(await shown()).toEqual(['incident:1 alerts', 'incident:1 card']);
      await it1.app.monitorTurned(red.monitor, 1, 'green', it1.app.now());
      expect(await shown()).toEqual(['incident:1 alerts', 'incident:1 card']);
      expect((await it1.app.record(1))?.alerts.map(({ state }) => state)).toEqual(['resolved', 'resolved']);
      expect([await entries(), (await it1.app.record(1))?.incident.status]).toEqual([before, 'resolved']);
    });

    it('one that its source is silent about for a day shows so in the incident', async () => {
      await told([alert()]);
      await it1.say(oncall, 'declare sev1 proposal:1 carts are empty');
      await shown();
      after(25 * 60);
      await it1.app.reconsiderAlerts();
      expect(await shown()).toEqual(['incident:1 alerts', 'incident:1 card']);
    });

    it('one that stays resolved is no other one, however long ago it ended', async () => {
      const over = alert({ state: 'resolved', endsAt: new Date('2026-06-03T08:00:00Z') });
      await told([alert()]);
      await told([over], 'sha256:over');
      expect(await told([over], 'sha256:over')).toEqual({ known: true });
      after(120);
      await told([over]);
      expect(await known()).toHaveLength(1);
    });
  });

  describe('of the same group', () => {
    it('belong to its open incident, also when they name no service, and what is attached is not proposed', async () => {
      await open();
      await told([homeless()]);
      await it1.say(oncall, 'declare sev2 proposal:1 the queue grows');
      await shown();
      await told([homeless({ fingerprint: 'a2', title: 'Queue is full' })]);
      await told([homeless({ state: 'resolved' })]);
      await told([homeless()]);
      expect((await known()).map(({ outcome, incident }) => [outcome, incident])).toEqual([
        ['attached', 1],
        ['attached', 1],
      ]);
      await it1.say(oncall, 'declare --anyway --service search sev2 search is slow');
      await shown();
      await told([alert({ fingerprint: 's', service: 'search', title: 'Search is slow' })]);
      expect(await shown()).toEqual(['incident:2 alerts', 'incident:2 card']);
    });

    it('are declared as one incident, whose title calls nobody', async () => {
      await rules({ match: { severity: ['critical'] }, do: 'declare' });
      const critical = { severity: 'critical', title: `<!subteam^S0123> ${'&'.repeat(200)}` };
      await told([homeless(critical), homeless({ ...critical, fingerprint: 'a2' })]);
      await told([homeless({ ...critical, fingerprint: 'a3' })]);
      const strange = { ...critical, service: 'not in firebreak.yml' };
      await told([alert({ ...strange, fingerprint: 'b1' }), alert({ ...strange, fingerprint: 'b2' })]);
      expect(await it1.app.incident(3)).toBeUndefined();
      expect((await it1.app.incident(1))?.title).toMatch(/^alertmanager: &lt;!subteam\^S0123&gt; [&amp;]+;$/);
    });

    it('flap without all of them being told as resolved each time; a group that grows is told as a number', async () => {
      await open();
      await it1.say(oncall, 'declare --service checkout sev2 carts are empty');
      await told([alert({ fingerprint: 'calm' }), alert({ fingerprint: 'calm', state: 'resolved' })]);
      for (let turn = 0; turn < 12; turn += 1) {
        after(turn);
        await told([alert({ state: turn % 2 === 0 ? 'firing' : 'resolved' })]);
      }
      expect((await entries()).filter((text) => text.startsWith('All 2 alerts'))).toHaveLength(2);
      await told(Array.from({ length: 10 }, (_, n) => alert({ fingerprint: `few-${n}` })));
      expect((await entries()).filter((text) => text.endsWith('of checkout fire'))).toEqual([]);
      for (const batch of ['more', 'most']) {
        after(batch === 'more' ? 12 : 13);
        await told(Array.from({ length: 20 }, (_, n) => alert({ fingerprint: `${batch}-${n}` })));
      }
      expect((await entries()).filter((text) => text.endsWith('of checkout fire'))).toEqual([
        '30 alerts of checkout fire',
      ]);
    });
  });

  describe('after they were held back', () => {
    it('a group that is silenced stays so, whatever names it', async () => {
      await open();
      await told([homeless()]);
      await it1.say(oncall, 'silence proposal:1 1h');
      await told([homeless({ fingerprint: 'a2' })]);
      await it1.app.reconsiderAlerts();
      expect(await places()).toEqual([
        ['silenced', undefined],
        ['proposed', 1],
      ]);
      after(61);
      await it1.app.reconsiderAlerts();
      expect(await it1.app.alertsOf(1, 10)).toMatchObject({ firing: 2 });
    });

    it('what was in a group before it was silenced stays there', async () => {
      await open();
      await told([alert()]);
      await told([alert({ state: 'resolved' })]);
      await it1.say(oncall, 'silence checkout 1h');
      await told([alert()]);
      expect(await places()).toEqual([
        ['silenced', undefined],
        ['proposed', 1],
      ]);
    });

    it('many that are silenced do not keep others from being proposed', async () => {
      await open({ proposalsPerHour: 1 });
      await it1.say(oncall, 'silence checkout 5h');
      await told(Array.from({ length: 501 }, (_, n) => alert({ fingerprint: `many-${n}` })));
      await told([homeless({ fingerprint: 'q1' }), alert({ fingerprint: 's', service: 'search' })]);
      expect(await it1.app.heldBackAlerts()).toMatchObject({ alerts: 1 });
      after(61);
      await it1.app.reconsiderAlerts();
      expect(await it1.app.heldBackAlerts()).toMatchObject({ alerts: 0 });
    });

    it('what nobody tells any more is settled, and the message says how many are left only when that changes', async () => {
      await open({ proposalsPerHour: 1 });
      const of = (n: number, more: Partial<Alert> = {}) =>
        homeless({ fingerprint: `g${n}`, group: `g${n}`, ...more });
      await told([of(1), of(2), of(3)]);
      expect(await shown()).toContain('incidents-channel held-back');
      after(20);
      await it1.app.reconsiderAlerts();
      expect(await shown()).toEqual([]);
      expect((await known()).map(({ lastToldAt }) => lastToldAt)).toEqual([START, START, START]);
      await told([of(2, { state: 'resolved' })]);
      expect(await shown()).toEqual(['incidents-channel held-back']);
      // A limit that nothing passes.
      await it1.store.query("update proposals set detected_at = '2026-06-04T10:59:00Z'");
      after(25 * 60);
      await it1.app.reconsiderAlerts();
      expect(await it1.app.heldBackAlerts()).toMatchObject({ alerts: 0 });
      expect(await shown()).toContain('incidents-channel held-back');
    });

    it('a monitor that is green again is held back no more', async () => {
      await open();
      await it1.app.silence({ by: oncall, what: 'checkout', seconds: 3600, reason: 'a release' });
      expect(await it1.app.propose({ ...red, service: 'checkout' })).toBeUndefined();
      const state = { name: red.monitor, target: 'shop', checkedAt: START, failures: 2, greens: 0 };
      await saveMonitor(it1.store, { ...state, revision: 0, redSince: START });
      await it1.app.reconsiderAlerts();
      expect(await known()).toMatchObject([{ state: 'firing', heldBack: true }]);
      await saveMonitor(it1.store, { ...state, revision: 1 });
      await it1.app.reconsiderAlerts();
      expect(await known()).toMatchObject([{ state: 'resolved', heldBack: false }]);
    });

    it('what came to open incidents is no proposal of the hour', async () => {
      await open({ proposalsPerHour: 1 });
      await it1.say(oncall, 'declare --service checkout sev2 carts are empty');
      await told([alert()]);
      await told([alert({ fingerprint: 's', service: 'search' }), homeless({ fingerprint: 'q' })]);
      expect((await known()).map(({ outcome }) => outcome).sort()).toEqual([
        'attached',
        'dropped',
        'proposed',
      ]);
    });
  });

  it('as more severe, they are decided on anew: told first as less, they are neither lost nor only proposed', async () => {
    await rules(
      { match: { severity: ['info'] }, do: 'drop' },
      { match: { severity: ['page'] }, do: 'declare' },
    );
    await told([alert({ severity: 'info' })]);
    await told([alert({ severity: 'warning' })]);
    expect(await known()).toMatchObject([{ outcome: 'proposed', severity: 'warning', turns: [] }]);
    await told([alert({ severity: 'page' })]);
    expect(await known()).toMatchObject([
      { outcome: 'declared', severity: 'page', incident: 1, proposal: 1 },
    ]);
    await told([alert({ severity: 'info' })]);
    expect(await known()).toMatchObject([{ outcome: 'declared', incident: 1 }]);
  });

  it('by another name of its service, one belongs to the incident of that service', async () => {
    await rules({ match: { service: ['Checkout API'] }, service: 'checkout' });
    await it1.say(oncall, 'declare --service checkout sev2 carts are empty');
    await told([alert({ service: 'Checkout API' })]);
    expect(await known()).toMatchObject([{ outcome: 'attached', incident: 1, service: 'checkout' }]);
  });

  it('of the same words, each is told when their incident is declared; all can be listed, page by page', async () => {
    await open();
    await told([alert(), alert({ fingerprint: 'a2' })]);
    await it1.say(oncall, 'declare sev2 proposal:1 carts are empty');
    expect((await entries()).filter((text) => text.includes(alert().title))).toHaveLength(2);
    await told(Array.from({ length: 33 }, (_, n) => alert({ fingerprint: `n${n}`, title: `No ${n}.` })));
    const pages = await Promise.all(
      ['', ' page:2', ' page:3'].map((page) => it1.say(oncall, `alerts${page}`)),
    );
    expect(pages.map((page) => page.match(/attached|proposed/g)?.length ?? 0)).toEqual([30, 5, 0]);
    expect(pages[0]).toContain('_and more: add `page:2`_');
    expect(pages.slice(0, 2).join('')).toMatch(/No 32\..*No 0\./s);
  });

  it('while somebody makes an incident of their group, they are told there', async () => {
    await open();
    await it1.say(oncall, 'declare --service search sev2 something else');
    await told([homeless()]);
    let telling: Promise<unknown> = Promise.resolve();
    await it1.store.transaction(async (tx) => {
      await attachProposal(tx, 1, 1);
      telling = told([homeless({ fingerprint: 'a2', title: 'Queue is full' })]);
      await Promise.race([telling, eventually(waits)]);
    });
    await telling;
    expect(await entries()).toContain('Alert fires: Queue is full');
  });

  const waits = async (): Promise<boolean> => {
    const { rows } = await it1.store.query(
      "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    );
    return rows.length > 0;
  };
});
