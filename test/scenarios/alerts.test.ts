/** Alerts of other systems, from HTTP to Slack: one message a group, buttons, storms, and restarts in between. */
import type { Alert } from '../../src/domain/alert.ts';
import { eventually } from '../support/eventually.ts';
import { labelsOf, MINUTE, openRunning, type Running, type Shown, textOf } from './support.ts';

const TOKEN = 'a-token-of-the-tests';

let world: Running;
let url: string;
beforeAll(async () => {
  world = await openRunning({
    start: false,
    env: { FIREBREAK_TOKEN: TOKEN },
    config: () => ({
      services: { checkout: { team: 'database' }, search: {}, cart: {}, storm: {} },
      rules: [
        { match: { service: 'cart' }, do: 'declare', severity: 'sev1' },
        { match: { severity: 'info' }, do: 'drop' },
      ],
    }),
  });
  url = (await world.another()).url;
});
afterAll(() => world.close());

const alert = (more: { readonly [key in keyof Alert]?: unknown } = {}): object => ({
  fingerprint: 'a1',
  title: 'HighErrorRate: 5xx above 5 %',
  service: 'checkout',
  severity: 'critical',
  ...more,
});

async function post(body: unknown): Promise<number> {
  const answer = await fetch(`${url}/alerts/generic`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  await answer.arrayBuffer();
  return answer.status;
}

/** The messages of #incidents that are about a service. */
const about = async (service: string): Promise<readonly Shown[]> =>
  (await world.channel('incidents')).messages.filter((it) => textOf(it).includes(service));

test('one message a group, updated in place; a resolved one closes nothing', async () => {
  expect(await post({ alerts: [alert(), alert({ fingerprint: 'a2', title: 'Latency is high' })] })).toBe(200);
  const [first, ...more] = await eventually(async () => {
    const found = await about('checkout');
    return found.length > 0 && textOf(found[0] as Shown).includes('2 alerts firing') ? found : undefined;
  });
  expect(more).toEqual([]);
  expect(first && labelsOf(first)).toEqual(['Declare incident', 'Silence for 1 h']);
  await post({ alerts: [alert({ state: 'resolved' })] });
  await world.settled();
  const after = await about('checkout');
  expect(after.map(({ ts }) => ts)).toEqual([first?.ts]);
  expect(textOf(after[0] as Shown)).toContain('1 alert firing, 1 resolved');
});

test('a click attaches it to an incident that is open, which tells it and keeps it current', async () => {
  const { id, channel } = await world.declare('declare sev2 nothing to do with it');
  await post(alert({ fingerprint: 's1', service: 'search', title: 'Search is slow' }));
  await eventually(async () => (await about('search')).length > 0);
  await world.click('oncall', 'incidents', `Attach to incident ${id}`);
  await world.settled();
  expect(await world.timeline(id)).toContain('monitor: Alert fires: Search is slow');
  expect(textOf((await about('search'))[0] as Shown)).toContain(`Became incident ${id}`);
  const told = async () =>
    (await world.texts(channel)).filter((text) => text.startsWith(':') && text.includes('Search is slow'));
  expect(await told()).toEqual([expect.stringContaining('1 alert firing, 0 resolved')]);
  await post(alert({ fingerprint: 's1', service: 'search', title: 'Search is slow', state: 'resolved' }));
  await world.settled();
  expect(await told()).toEqual([expect.stringContaining('0 alerts firing, 1 resolved')]);
  expect((await world.record(id)).incident.status).toBe('investigating');
});

test('a click silences the group; who asks reads what was kept back', async () => {
  await post(alert({ fingerprint: 'q1', service: undefined, group: 'queue', title: 'Queue grows' }));
  await eventually(async () => (await about('Queue grows')).length > 0);
  await world.click('oncall', 'incidents', 'Silence for 1 h');
  await post(
    alert({
      fingerprint: 'q2',
      service: undefined,
      group: 'queue',
      title: 'Queue is full',
    }),
  );
  await world.settled();
  expect(await about('Queue is full')).toEqual([]);
  expect(await world.say('viewer', 'incidents', 'alerts silenced')).toContain('Queue is full');
});

test('a rule declares, and pages the team of the service once', async () => {
  await post(alert({ fingerprint: 'c1', service: 'cart', title: 'Carts are empty' }));
  await eventually(async () => {
    const { rows } = await world.store.query('select from incidents where service = $1', ['cart']);
    return rows.length === 1;
  });
  await world.settled();
  const announced = (await world.texts('incidents')).filter((text) => text.includes('cart: Carts are empty'));
  expect(announced.length).toBeGreaterThan(0);
});

test('a restart in between neither repeats nor loses', async () => {
  await post(alert({ fingerprint: 'r1', service: 'storm', title: 'Before the restart' }));
  await world.stop();
  url = (await world.another()).url;
  await post(alert({ fingerprint: 'r1', service: 'storm', title: 'Before the restart' }));
  await post(alert({ fingerprint: 'r2', service: 'storm', title: 'After the restart' }));
  const found = await eventually(async () => {
    const all = await about('storm');
    return textOf(all[0] ?? { ts: '', text: '' }).includes('After the restart') ? all : undefined;
  });
  expect(found).toHaveLength(1);
  expect(textOf(found[0] as Shown)).toContain('2 alerts firing');
});

test('ten thousand in a minute: all are kept, in few messages, and Slack is asked no faster than it allows', async () => {
  await world.advance(61 * MINUTE);
  const before = (await world.calls()).length;
  const bodies = Array.from({ length: 100 }, (_, batch) => ({
    alerts: Array.from({ length: 100 }, (__, n) => ({
      fingerprint: `storm-${batch * 100 + n}`,
      title: `Number ${batch * 100 + n}`,
      group: `group ${n % 50}`,
      labels: { host: `host-${n}` },
    })),
  }));
  // As many at once as a source may open.
  for (let at = 0; at < bodies.length; at += 10)
    expect(await Promise.all(bodies.slice(at, at + 10).map(post))).toEqual(Array(10).fill(200));
  const { rows } = await world.store.query(
    `select count(*)::int as all, count(distinct proposal_id)::int as proposals,
            count(*) filter (where outcome = 'dropped' and held_back)::int as kept
       from alerts where title like 'Number %'`,
  );
  expect(rows[0]).toMatchObject({ all: 10_000, proposals: expect.any(Number) as number });
  const { proposals, kept } = rows[0] as { proposals: number; kept: number };
  expect(proposals).toBeLessThanOrEqual(10);
  expect(kept).toBe(10_000 - proposals * 200);
  // Edits of ten messages, again and again, are more than Slack takes in a minute: they wait, and the newest state wins.
  await world.advance(MINUTE);
  const calls = (await world.calls()).slice(before);
  expect(calls.filter(({ answer }) => answer['error'] === 'ratelimited').length).toBeLessThan(20);
  const held = await world.app.heldBackAlerts();
  expect(held.alerts).toBeGreaterThanOrEqual(kept);
  expect((await world.texts('incidents')).filter((text) => text.includes('more alerts of'))).toEqual([
    expect.stringContaining(`${held.alerts} more alerts of ${held.groups} groups fire`),
  ]);
}, 120_000);
