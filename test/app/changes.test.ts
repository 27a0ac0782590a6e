import type { DeclareWish } from '../../src/app/app.ts';
import { digestOf } from '../../src/domain/chain.ts';
import type { ReportedChange } from '../../src/domain/change.ts';
import type { CapturedMigration } from '../../src/domain/plan.ts';
import type { JournalRun, JournalStep } from '../../src/domain/run.ts';
import { finish } from '../../src/domain/run-moves.ts';
import type { TargetSettings } from '../../src/domain/target-settings.ts';
import { createTestApp, PEOPLE, type TestApp, testSettings } from '../support/app.ts';
import { placesOf } from '../support/search-store.ts';

const { oncall, dba } = PEOPLE;
const shop: TargetSettings = {
  name: 'shop',
  urls: { diag: 'postgresql://127.0.0.1:1/shop' },
  tool: 'node-pg-migrate',
  probes: [],
  services: ['order-status'],
  snapshot: { maxLockSeconds: 5 },
  sources: {},
};
const service = { links: {} };
const migration = (name: string, fileHash = 'h1'): CapturedMigration => ({ name, fileHash, up: 'select 1' });

describe('a deploy that sends its migrations', () => {
  let it1: TestApp;
  beforeEach(async () => {
    const services = { 'order-status': service, payments: service };
    it1 = await createTestApp({ settings: testSettings({ targets: { shop }, services }) });
    const declare = (title: string, of: string, kind: 'incident' | 'retrospective' = 'incident') =>
      it1.app.declare({ by: oncall, title, severity: 'sev2', service: of, kind, anyway: true });
    await declare('order status is down', 'order-status');
    await declare('payments are down', 'payments');
    await declare('order status was down', 'order-status');
    await it1.app.act(3, { kind: 'resolve', by: oncall });
    await declare('long ago', 'order-status', 'retrospective');
  });
  afterEach(() => it1.close());

  const changesOf = async (incident: number): Promise<readonly (string | undefined)[]> =>
    ((await it1.app.record(incident))?.timeline ?? [])
      .filter(({ kind }) => kind === 'change')
      .map(({ text }) => text);

  it('is an entry in the open incidents of its service, and in no other', async () => {
    await it1.app.capture('shop', [migration('1_first')]);
    expect(await changesOf(1)).toEqual(['Migration 1_first captured for shop, new or changed']);
    for (const other of [2, 3, 4]) expect(await changesOf(other)).toEqual([]);
    const [entry] = ((await it1.app.record(1))?.timeline ?? []).filter(({ kind }) => kind === 'change');
    expect(entry?.details).toEqual({ target: 'shop', migrations: ['1_first'], count: 1, change: 1 });
  });

  it('says what is new or has changed; the same again is no change', async () => {
    const all = Array.from({ length: 8 }, (_, index) => migration(`${index}_m`));
    await it1.app.capture('shop', all);
    await it1.app.capture('shop', all);
    await it1.app.capture('shop', [...all.slice(0, 7), migration('7_m', 'h2'), migration('8_m')]);
    expect(await changesOf(1)).toEqual([
      '8 migrations captured for shop, new or changed: …, 3_m, 4_m, 5_m, 6_m, 7_m',
      '2 migrations captured for shop, new or changed: 7_m, 8_m',
    ]);
  });

  it('concerns the incident that its target was proposed for, whatever its service', async () => {
    const at = new Date('2026-06-03T09:59:00Z');
    const proposal = (await it1.app.propose({
      monitor: 'm',
      target: 'shop',
      error: 'x',
      relations: [],
      firstFailedAt: at,
    })) as number;
    await it1.app.declare({ by: oncall, title: 'something else', severity: 'sev3', proposal, anyway: true });
    await it1.app.capture('shop', [migration('1_first')]);
    expect(await changesOf(5)).toHaveLength(1);
  });
});

describe('what was changed', () => {
  const NOW = new Date('2026-06-03T10:00:00Z');
  const ago = (minutes: number): Date => new Date(NOW.getTime() - minutes * 60_000);
  let it1: TestApp;
  beforeAll(async () => {
    const services = { 'order-status': service, payments: service };
    it1 = await createTestApp({ settings: testSettings({ targets: { shop }, services }) });
  });
  beforeEach(async () => {
    await it1.store.query('truncate changes');
    // What a monitor sees of an open incident would not be proposed again.
    await it1.store.query(`update incidents set status = 'resolved'`);
  });
  afterAll(() => it1.close());

  const change = (title: string, at: Date, more: Partial<ReportedChange> = {}): ReportedChange => ({
    source: 'http',
    externalId: title,
    kind: 'deploy',
    title,
    at,
    ...more,
  });
  const declare = async (more: Partial<DeclareWish> = {}): Promise<number> => {
    const wish = { by: oncall, title: 'down', severity: 'sev2', anyway: true, ...more };
    const declared = await it1.app.declare(wish);
    if (!declared.ok) throw new Error(declared.code);
    return declared.incident.id;
  };
  const told = async (id: number) =>
    ((await it1.app.record(id))?.timeline ?? [])
      .filter(({ kind }) => kind === 'change')
      .map(({ at, text }) => [at, text]);

  it('within two hours before an incident is told in it, at its own times', async () => {
    const of = { service: 'order-status' };
    await it1.app.changed([
      change('too early', ago(121), of),
      change('early', ago(119), { ...of, author: 'a:b' }),
      change('of another one', ago(10), { service: 'payments' }),
      change('a flag', ago(5), { kind: 'flag', link: 'https://flags.example.com/7' }),
      change('a database', ago(2), { kind: 'config', target: 'shop' }),
    ]);
    const id = await declare(of);
    expect(await told(id)).toEqual([
      [ago(119), 'Deploy of order-status by a b: early'],
      [ago(5), 'Flag: a flag'],
      [ago(2), 'Configuration on shop: a database'],
    ]);
    const record = await it1.app.record(id);
    expect(record?.changes.map(({ title }) => title)).toEqual(['a database', 'a flag', 'early']);
    const retold = { ...change('early', ago(119), of), outcome: 'failure' } as const;
    expect(await it1.app.changed([retold])).toBe(0);
    expect(await told(id)).toContainEqual([NOW, 'Deploy of order-status by a b failed: early']);
    expect(await told(await declare({ ...of, kind: 'drill' }))).toEqual([]);
  });

  it('between when an incident was said and when it is declared is told in it too', async () => {
    await it1.app.changed([change('meanwhile', ago(5))]);
    const wish = { by: oncall, title: 'down', severity: 'sev2', anyway: true };
    const declared = await it1.app.declare(wish, { saidAt: ago(10) });
    expect(await told(declared.ok ? declared.incident.id : 0)).toEqual([[ago(5), 'Deploy: meanwhile']]);
  });

  it('is sought before the impact began, once that is known', async () => {
    await it1.app.changed([change('yesterday', ago(24 * 60)), change('just now', ago(1))]);
    const id = await declare({ kind: 'retrospective' });
    expect(await told(id)).toEqual([]);
    const by = oncall;
    await it1.app.act(id, { kind: 'milestone', by, name: 'impact_started', at: ago(23 * 60) });
    expect((await it1.app.record(id))?.changes).toMatchObject([{ title: 'yesterday' }]);
  });

  it('of all that uses a database that was looked at, when no service is named', async () => {
    await it1.app.changed([change('v1', ago(3), { service: 'order-status' })]);
    const proposal = await it1.app.propose({
      monitor: 'm',
      target: 'shop',
      error: 'x',
      relations: [],
      firstFailedAt: ago(1),
    });
    expect(await told(await declare({ proposal: proposal ?? 0 }))).toHaveLength(1);
    expect(await told(await declare({ title: 'something else' }))).toEqual([]);
  });

  it('comes into an open incident unless it came long before, and not again as the migration of a monitor', async () => {
    const proposal = await it1.app.propose({
      monitor: 'other',
      target: 'shop',
      error: 'x',
      relations: [],
      migration: { name: '7_codes', appliedAt: ago(2) },
      firstFailedAt: ago(1),
    });
    const of = { kind: 'migration', target: 'shop' } as const;
    await it1.app.changed([change('7_codes applied', ago(3), of)]);
    const id = await declare({ proposal: proposal ?? 0 });
    await it1.app.changed([
      change('Migration 7_codes', ago(1), of),
      change('last week', ago(7 * 24 * 60), of),
      change('8_more', ago(0), of),
    ]);
    expect(await told(id)).toEqual([
      [ago(2), 'Migration 7_codes applied on shop'],
      [NOW, 'Migration on shop: 8_more'],
    ]);
  });

  it('is listed by `changes`, of one service or all, as far back as is said', async () => {
    await it1.app.changed([
      change('v1', ago(90), { service: 'order-status', author: 'ana', link: 'https://ci.example.com/1' }),
      change('v2 <!here>', ago(3 * 24 * 60), { service: 'payments' }),
      change('a flag', ago(5), { kind: 'flag' }),
    ]);
    const v1 =
      '• 2026-06-03 08:30:00 UTC, 1 h 30 min ago: Deploy of order-status by ana: v1 https://ci.example.com/1';
    const flag = '• 2026-06-03 09:55:00 UTC, 5 min ago: Flag: a flag';
    const v2 = '• 2026-05-31 10:00:00 UTC, 3 d ago: Deploy of payments: v2 &lt;!here&gt;';
    const { viewer } = PEOPLE;
    expect(await it1.say(viewer, 'changes')).toBe([flag, v1].join('\n'));
    expect(await it1.say(viewer, 'changes 7d payments')).toBe([flag, v2].join('\n'));
    expect(await it1.say(viewer, 'changes 4m')).toContain('None was told in the last 4 min.');
    expect(await it1.say(viewer, 'changes orders')).toContain('There is no service `orders`');
  });

  it('is redacted wherever it is kept, and does not come back when it is told again', async () => {
    const secret = change('rotate the key of Jane Doe, account 4711', ago(3), { externalId: '1' });
    await it1.app.changed([secret]);
    const id = await declare();
    const seq = (await it1.app.record(id))?.timeline.find(({ kind }) => kind === 'change')?.seq ?? 0;
    expect(await it1.app.redact(id, { by: dba, seq, reason: 'personal data' })).toMatchObject({
      ok: true,
    });
    await it1.app.changed([{ ...secret, outcome: 'failure' }]);
    expect(await placesOf(it1.store, 'Jane Doe')).toEqual([]);
    expect((await it1.app.record(id))?.changes).toMatchObject([{ title: '[redacted]', outcome: 'failure' }]);
  });
});

describe('the entry of a step', () => {
  const step = {
    index: 1,
    name: 'sweep',
    kind: 'db-sweep',
    risk: 'read',
    state: 'running',
    startedAt: new Date('2026-06-03T10:00:00Z'),
    input: { checks: ['blocking'] },
  } satisfies JournalStep;
  const run = {
    id: 4,
    incidentId: 1,
    runbook: 'sweep',
    title: 'Sweep',
    target: 'shop',
    params: {},
    requestedBy: oncall,
    requestedAt: new Date('2026-06-03T10:00:00Z'),
    state: 'running',
    steps: [step],
  } satisfies JournalRun;
  const now = new Date('2026-06-03T10:00:02Z');

  it('holds what it was given, what came of it, how long it took, and a digest of what it found', () => {
    const found = { b: 1, a: [2] };
    const { entries } = finish(run, step, { ok: true, verdict: 'all fine', output: found }, now);
    expect(entries[0]?.details).toMatchObject({
      input: { checks: ['blocking'] },
      verdict: 'all fine',
      state: 'done',
      duration_ms: 2000,
      output_sha256: digestOf({ a: [2], b: 1 }),
    });
  });

  it('a long input is there as a digest', () => {
    const input = { text: 'x'.repeat(5000) };
    const { entries } = finish(run, { ...step, input } as JournalStep, { ok: false, verdict: 'no' }, now);
    expect(entries[0]?.details).toMatchObject({ input_sha256: digestOf(input), state: 'failed' });
    expect(entries[0]?.details).not.toHaveProperty('input');
    expect(entries[0]?.details).not.toHaveProperty('output_sha256');
  });
});
