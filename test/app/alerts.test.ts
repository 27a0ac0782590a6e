import type { Alert } from '../../src/domain/alert.ts';
import { type AlertPolicy, DEFAULT_ALERT_POLICY, type Rule } from '../../src/domain/alert-rules.ts';
import { createTestApp, PEOPLE, type TestApp, testSettings } from '../support/app.ts';

const { oncall, viewer } = PEOPLE;
const MINUTE = 60_000;
const START = new Date('2026-06-03T10:00:00Z');
const services = {
  checkout: { links: {} },
  search: { links: {}, team: 'database' },
};

const alert = (more: Partial<Alert> = {}): Alert => ({
  source: 'alertmanager',
  fingerprint: 'a1',
  state: 'firing',
  title: 'HighErrorRate: 5xx above 5 %',
  service: 'checkout',
  labels: { alertname: 'HighErrorRate', severity: 'critical' },
  startsAt: new Date('2026-06-03T09:59:00Z'),
  link: 'https://prometheus.example.com/graph',
  ...more,
});
const locked = {
  monitor: 'shop:probes',
  target: 'shop',
  error: 'canceling statement due to lock timeout',
  sqlstate: '55P03',
  relations: ['order_status'],
  firstFailedAt: new Date('2026-06-03T09:59:30Z'),
};

describe('alerts', () => {
  let it1: TestApp;
  let deliveries = 0;
  const open = async (policy: Partial<AlertPolicy> = {}): Promise<void> => {
    const alerts = { ...DEFAULT_ALERT_POLICY, ...policy };
    it1 = await createTestApp({ settings: testSettings({ services, alerts }) });
    deliveries = 0;
  };
  const told = (alerts: readonly Alert[], key = `sha256:${(deliveries += 1)}`, hasId = false) =>
    it1.app.alertsArrived({ source: alerts[0]?.source ?? 'generic', key, hasId, alerts });
  const after = (minutes: number): void => it1.at(new Date(START.getTime() + minutes * MINUTE));
  const known = () => it1.app.alerts({ since: new Date(0) });
  const outcomes = async () => (await known()).map(({ outcome }) => outcome);
  const entries = async (incident = 1) =>
    (await it1.app.record(incident))?.timeline.map(({ kind, text = '' }) => `${kind}: ${text}`) ?? [];
  afterEach(() => it1.close());

  describe('without rules', () => {
    beforeEach(() => open());

    it('the first of a service is proposed, the next ones join its message, over all sources', async () => {
      await told([alert()]);
      await told([alert({ source: 'datadog', fingerprint: 'd1', title: 'p99 is high' })]);
      await told([alert({ fingerprint: 'a2', service: 'search' })]);
      expect((await known()).map(({ outcome, proposal }) => [outcome, proposal])).toEqual([
        ['proposed', 2],
        ['proposed', 1],
        ['proposed', 1],
      ]);
      expect(await it1.app.alertsOf(1, 10)).toMatchObject({ firing: 2, resolved: 0 });
    });

    it('an identical body counts once; the same told later counts twice; an id counts once for good', async () => {
      expect(await told([alert()], 'sha256:a')).toEqual({ known: false });
      expect(await told([alert()], 'sha256:a')).toEqual({ known: true });
      expect((await known())[0]).toMatchObject({ told: 1 });
      expect(await told([alert()], 'sha256:b')).toEqual({ known: false });
      expect((await known())[0]).toMatchObject({ told: 2 });
      // Fired, resolved, and fires again by the same words: that is new.
      await told([alert({ state: 'resolved' })], 'sha256:c');
      expect(await told([alert()], 'sha256:b')).toEqual({ known: false });
      expect((await known())[0]).toMatchObject({ state: 'firing' });
      expect(await told([alert({ fingerprint: 'b' })], 'event-1', true)).toEqual({ known: false });
      await told([alert({ fingerprint: 'b', state: 'resolved' })], 'event-2', true);
      expect(await told([alert({ fingerprint: 'b' })], 'event-1', true)).toEqual({ known: true });
      expect((await known()).find(({ fingerprint }) => fingerprint === 'b')).toMatchObject({
        state: 'resolved',
      });
    });

    it('what is resolved closes nothing, and is told in its incident', async () => {
      await told([alert(), alert({ fingerprint: 'a2', title: 'Latency' })]);
      await it1.say(oncall, 'declare sev2 proposal:1 checkout fails');
      await told([alert({ state: 'resolved' })]);
      expect((await it1.app.record(1))?.incident.status).toBe('investigating');
      await told([alert({ fingerprint: 'a2', title: 'Latency', state: 'resolved' })]);
      expect((await it1.app.record(1))?.incident.status).toBe('investigating');
      expect(await entries()).toEqual([
        'monitor: Alert of alertmanager: HighErrorRate: 5xx above 5 %',
        'declared: Declared sev2: checkout fails',
        'monitor: Alert fires: Latency',
        'monitor: Resolved: HighErrorRate: 5xx above 5 %',
        'monitor: Resolved: Latency',
        'monitor: All 2 alerts of checkout are resolved; nothing is closed by that',
      ]);
      expect(await it1.app.alertsOf(1, 10)).toMatchObject({ firing: 0, resolved: 2 });
    });

    it('one of a service whose incident is open belongs to it; not to a private one, nor to a drill', async () => {
      await it1.say(oncall, 'declare --private --service checkout sev2 a key has leaked');
      await it1.say(oncall, 'drill --service checkout sev3 what if');
      await told([alert()]);
      expect(await outcomes()).toEqual(['proposed']);
      await it1.say(oncall, 'declare --anyway --service checkout sev2 carts are empty');
      expect((await it1.app.record(3))?.proposals).toMatchObject([
        { monitor: 'alertmanager', foreign: true },
      ]);
      await told([alert({ source: 'grafana', fingerprint: 'g1', title: 'Queue grows' })]);
      expect((await known())[0]).toMatchObject({ outcome: 'attached', incident: 3 });
      expect(await entries(3)).toContain('monitor: Alert fires: Queue grows');
      expect(await entries(1)).toEqual([expect.stringContaining('declared')]);
    });

    it('what a monitor sees of the same service is one group, and shown by what tells most', async () => {
      await told([alert()]);
      const proposal = await it1.app.propose({ ...locked, service: 'checkout' });
      expect(proposal).toBe(1);
      expect(await it1.app.proposal(1)).toMatchObject({ monitor: 'shop:probes', sqlstate: '55P03' });
      await it1.app.propose({ ...locked, monitor: 'shop:checks', service: 'checkout', error: 'many wait' });
      expect(await it1.app.proposal(1)).toMatchObject({ monitor: 'shop:probes', sqlstate: '55P03' });
      expect(await it1.app.alertsOf(1, 10)).toMatchObject({ firing: 3 });
    });

    it('the impact ends when the last of our monitors is green, not the first', async () => {
      await it1.app.propose({ ...locked, service: 'checkout' });
      await it1.app.propose({ ...locked, monitor: 'shop:checks', service: 'checkout' });
      await it1.say(oncall, 'declare sev2 proposal:1 checkout fails');
      const ended = async () => (await it1.app.record(1))?.incident.milestones.impact_ended?.at;
      await it1.app.monitorTurned('shop:checks', 1, 'green', new Date('2026-06-03T10:01:00Z'));
      expect(await ended()).toBeUndefined();
      await it1.app.monitorTurned('shop:probes', 1, 'green', new Date('2026-06-03T10:02:00Z'));
      expect(await ended()).toEqual(new Date('2026-06-03T10:02:00Z'));
      expect((await entries()).slice(-2)).toEqual([
        'monitor: Monitor shop:checks: shop is green again; still red: shop:probes',
        'monitor: Monitor shop:probes: shop is green again',
      ]);
      // Told again after a crash, it stays one entry.
      await it1.app.monitorTurned('shop:probes', 1, 'green', new Date('2026-06-03T10:02:00Z'));
      expect(await entries()).toHaveLength((await entries()).length);
      expect((await entries()).filter((text) => text.endsWith('shop is green again'))).toHaveLength(1);
    });

    it('many alerts of others beside it do not hide a monitor that is still red', async () => {
      await it1.app.propose({ ...locked, service: 'checkout' });
      await it1.app.propose({ ...locked, monitor: 'shop:checks', service: 'checkout' });
      await told(Array.from({ length: 60 }, (_, n) => alert({ fingerprint: `many-${n}` })));
      await it1.say(oncall, 'declare sev2 proposal:1 checkout fails');
      expect(await entries()).toContain('monitor: 62 alerts of checkout fire');
      await it1.app.monitorTurned('shop:checks', 1, 'green', START);
      expect((await it1.app.record(1))?.incident.milestones.impact_ended).toBeUndefined();
      expect((await entries()).at(-1)).toContain('still red: shop:probes');
    });

    it('one that goes to and fro is told as flapping, once', async () => {
      await it1.say(oncall, 'declare --service checkout sev2 carts are empty');
      for (let turn = 0; turn < 12; turn += 1) {
        after(turn);
        await told([alert({ state: turn % 2 === 0 ? 'firing' : 'resolved' })]);
      }
      const said = (await entries()).filter((text) => text.startsWith('monitor'));
      expect(said).toHaveLength(5);
      expect(said.at(-1)).toMatch(/It flaps: 4 turns in half an hour; they are counted from now on$/);
      expect(await it1.say(viewer, 'alerts')).toMatch(/\*flapping\*: 11 turns in half an hour/);
      expect(await known()).toHaveLength(1);
      // Half an hour of peace, and it is heard again, as something new.
      after(60);
      await told([alert()]);
      expect((await entries()).filter((text) => text.startsWith('monitor'))).toHaveLength(6);
      expect(await known()).toHaveLength(2);
    });

    it('what is silenced is listed with the reason, and proposed once the silence is over', async () => {
      expect(await it1.say(oncall, 'silence checkout 1h a release')).toMatch(
        /^Silence 1: `service checkout` until/,
      );
      await told([alert()]);
      expect(await it1.say(viewer, 'alerts silenced')).toContain(`silence 1 by ${oncall}: a release`);
      expect(await it1.app.propose({ ...locked, service: 'checkout' })).toBeUndefined();
      after(30);
      await it1.app.reconsiderAlerts();
      expect(await outcomes()).toEqual(['silenced', 'silenced']);
      after(61);
      await it1.app.reconsiderAlerts();
      expect((await known()).map(({ source, outcome }) => [source, outcome])).toEqual([
        ['monitor', 'silenced'],
        ['alertmanager', 'proposed'],
      ]);
      // Our own monitors ask by themselves.
      expect(await it1.app.propose({ ...locked, service: 'checkout' })).toBe(1);
    });

    it('a silence is lifted, and one may not be set by whoever only reads', async () => {
      expect(await it1.say(viewer, 'silence checkout 1h')).toMatch(/:no_entry:/);
      expect(await it1.say(oncall, 'silence nothing 1h')).toContain(
        '`nothing` is nothing that can be silenced',
      );
      expect(await it1.say(oncall, 'silence checkout soon')).toContain('`soon` is no length of a silence');
      await it1.say(oncall, 'silence checkout 1h');
      expect(await it1.say(viewer, 'silence')).toContain('1: `service checkout` until');
      expect(await it1.say(oncall, 'silence lift 1')).toContain('is heard again');
      expect(await it1.say(oncall, 'silence lift 1')).toContain('No silence 1 holds now');
      await told([alert()]);
      expect(await outcomes()).toEqual(['proposed']);
    });

    it('a proposal is silenced as a group, or attached by hand', async () => {
      await told([alert()]);
      await it1.say(oncall, 'silence proposal:1 1h');
      await told([alert({ fingerprint: 'a2' })]);
      expect(await outcomes()).toEqual(['silenced', 'proposed']);
      await it1.say(oncall, 'declare sev2 something else entirely --anyway');
      await told([alert({ fingerprint: 's', service: 'search', title: 'Search is slow' })]);
      expect(await it1.say(oncall, 'attach inc-1 proposal:2')).toContain('belongs to incident 1 now');
      expect(await entries()).toEqual(
        expect.arrayContaining([
          'monitor: Alert fires: Search is slow',
          `monitor: <@${oncall}> attached proposal 2 (search) to this incident`,
        ]),
      );
      expect(await it1.say(oncall, 'attach inc-1 proposal:2')).toContain('Proposal 2 is not open');
      expect(await it1.say(oncall, 'attach inc-9 proposal:1')).toContain('There is no incident 9');
    });

    it('a proposal is attached when that was said, however late it is done', async () => {
      await it1.say(oncall, 'declare sev2 something else entirely --anyway');
      await told([alert({ fingerprint: 's', service: 'search', title: 'Search is slow' })]);
      const saidAt = new Date(it1.app.now().getTime() - 600_000);
      await it1.app.attach({ by: oncall, proposal: 1, incident: 1 }, { saidAt });
      const { timeline = [] } = (await it1.app.record(1)) ?? {};
      expect(timeline.find(({ text }) => text?.includes('attached proposal'))?.at).toEqual(saidAt);
    });

    it('what its source is silent about for a day counts as resolved', async () => {
      await told([alert()]);
      after(25 * 60);
      await it1.app.reconsiderAlerts();
      expect((await known())[0]).toMatchObject({ state: 'resolved' });
    });

    it('two deliveries at once make one proposal', async () => {
      await Promise.all(
        Array.from({ length: 8 }, (_, n) =>
          told([alert({ fingerprint: `f${n}` }), alert({ fingerprint: 'same' })]),
        ),
      );
      expect(new Set((await known()).map(({ proposal }) => proposal))).toEqual(new Set([1]));
      expect(await known()).toHaveLength(9);
    });
  });

  describe('by rules', () => {
    const rules = (...all: Rule[]): Promise<void> => open({ rules: all });

    it('the first that matches decides: dropped, with the reason', async () => {
      await rules(
        { match: { source: ['alertmanager'], severity: ['info', 'none'] }, do: 'drop' },
        { match: { alertname: ['Watch*'] }, do: 'drop' },
      );
      await told([alert({ severity: 'info' })]);
      await told([alert({ fingerprint: 'w', labels: { alertname: 'Watchdog' } })]);
      await told([alert({ fingerprint: 'x', labels: { alertname: 'NoWatch' } })]);
      expect(await outcomes()).toEqual(['proposed', 'dropped', 'dropped']);
      expect(await it1.say(viewer, 'alerts dropped')).toMatch(
        /dropped: `the rule for source alertmanager, severity info or none`/,
      );
    });

    it('only attached: what no incident is open for is dropped, and says so', async () => {
      await rules({ match: { service: ['checkout'] }, do: 'attach' });
      await told([alert()]);
      await it1.say(oncall, 'declare --service checkout sev2 carts are empty');
      await told([alert({ fingerprint: 'a2' })]);
      expect((await known()).map(({ outcome, reason }) => [outcome, reason])).toEqual([
        ['attached', 'incident 1 is open for it'],
        ['dropped', 'no incident is open for it; the rule for service checkout'],
      ]);
    });

    it('declared: an incident with its severity, once; its team is to be paged', async () => {
      await rules(
        { match: { alertname: ['HighErrorRate'] }, service: 'search' },
        { match: { service: ['search'] }, do: 'declare', severity: 'sev1' },
      );
      const { service: _, ...homeless } = alert();
      const at = new Date(START.getTime() - 5 * MINUTE);
      await it1.app.changed([
        { source: 'http', externalId: '1', kind: 'deploy', title: 'v1', service: 'search', at },
      ]);
      await told([homeless, { ...homeless, fingerprint: 'a2', title: 'Latency' }]);
      expect(await entries()).toContain('change: Deploy of search: v1');
      expect((await it1.app.record(1))?.incident).toMatchObject({
        severity: 'sev1',
        service: 'search',
        declaredBy: 'firebreak',
        title: 'search: HighErrorRate: 5xx above 5 %',
      });
      expect((await known()).map(({ outcome, incident }) => [outcome, incident])).toEqual([
        ['attached', 1],
        ['declared', 1],
      ]);
      const timers = await it1.store.query("select payload from timers where kind = 'page-team'");
      expect(timers.rows).toEqual([
        { payload: expect.objectContaining({ incident: 1, team: 'database' }) as unknown },
      ]);
    });

    it('a time of silence comes back every week', async () => {
      const window = {
        match: { service: ['checkout'] },
        from: '23:30',
        to: '01:00',
        timezone: 'Europe/Berlin',
      };
      await open({ silences: [{ ...window, days: [3], reason: 'the weekly batch' }] });
      // Wednesday 3 June 2026: 23:45 in Berlin is 21:45 UTC, and 00:30 of Thursday belongs to it.
      const cases = [
        ['2026-06-03T21:15:00Z', 'proposed'],
        ['2026-06-03T21:45:00Z', 'silenced'],
        ['2026-06-03T22:30:00Z', 'silenced'],
        ['2026-06-04T21:45:00Z', 'proposed'],
      ] as const;
      for (const [index, [time]] of cases.entries()) {
        it1.at(new Date(time));
        await told([alert({ fingerprint: `n${index}` })]);
      }
      expect((await outcomes()).toReversed()).toEqual(cases.map(([, outcome]) => outcome));
      expect(await it1.say(viewer, 'alerts silenced 2d')).toContain('the weekly batch');
    });

    it('beyond the hour’s limit they are held back, told as one, and proposed later if they still fire', async () => {
      await open({ proposalsPerHour: 2 });
      const { service: _, ...homeless } = alert({ source: 'generic' });
      const of = (n: number) => ({
        ...homeless,
        fingerprint: `g${n}`,
        group: `g${n}`,
        title: `No ${n}`,
      });
      for (let n = 0; n < 5; n += 1) await told([of(n)]);
      expect((await outcomes()).toReversed()).toEqual([
        'proposed',
        'proposed',
        'dropped',
        'dropped',
        'dropped',
      ]);
      expect(await it1.app.heldBackAlerts()).toEqual({ alerts: 3, groups: 3, since: START });
      await told([{ ...of(4), state: 'resolved' }]);
      after(61);
      await it1.app.reconsiderAlerts();
      expect(await it1.app.heldBackAlerts()).toEqual({ alerts: 0, groups: 0 });
      expect((await known()).filter(({ outcome }) => outcome === 'proposed')).toHaveLength(4);
    });
  });
});
