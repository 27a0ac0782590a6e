import { digestOf } from '../../src/domain/chain.ts';
import type { CapturedMigration } from '../../src/domain/plan.ts';
import type { JournalRun, JournalStep } from '../../src/domain/run.ts';
import { finish } from '../../src/domain/run-moves.ts';
import type { TargetSettings } from '../../src/domain/target-settings.ts';
import { createTestApp, PEOPLE, type TestApp, testSettings } from '../support/app.ts';

const { oncall } = PEOPLE;
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
    const proposal = await it1.app.propose({
      monitor: 'm',
      target: 'shop',
      error: 'x',
      relations: [],
      firstFailedAt: at,
    });
    await it1.app.declare({ by: oncall, title: 'something else', severity: 'sev3', proposal, anyway: true });
    await it1.app.capture('shop', [migration('1_first')]);
    expect(await changesOf(5)).toHaveLength(1);
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
