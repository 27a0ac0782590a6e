import type { TargetSettings } from '../../src/domain/target-settings.ts';
import { setChannel } from '../../src/store/incidents.ts';
import { createTestApp, PEOPLE, type TestApp, testSettings } from '../support/app.ts';

const target = (name: string): TargetSettings => ({
  name,
  urls: { diag: 'postgresql://127.0.0.1:1/shop' },
  tool: 'node-pg-migrate',
  probes: [],
  services: [],
  snapshot: { maxLockSeconds: 5 },
  sources: {},
});

/** How a watch goes unless it is told. */
const USUAL = { every: '30s', for: '30m' };

describe('db', () => {
  let world: TestApp;
  beforeAll(async () => {
    world = await createTestApp({
      settings: testSettings({ targets: { shop: target('shop'), billing: target('billing') } }),
    });
    const declared = await world.app.declare({ by: PEOPLE.oncall, title: 'it is down', severity: 'sev2' });
    if (!declared.ok) throw new Error(declared.code);
    await setChannel(world.store, declared.incident.id, 'C1');
  });
  afterAll(() => world.close());

  async function started(line: string): Promise<unknown> {
    const { text } = await world.ask(PEOPLE.oncall, line, 'C1');
    const id = Number(/^Run (\d+) started/.exec(text)?.[1]);
    const run = await world.app.run(id);
    return run && { runbook: run.runbook, target: run.target, params: run.params };
  }

  it.each([
    ['db shop', 'first-five-minutes', 'shop', {}],
    ['db sweep shop', 'first-five-minutes', 'shop', {}],
    ['db billing sweep', 'first-five-minutes', 'billing', {}],
    ['db blocking shop', 'check', 'shop', { check: 'blocking' }],
    ['db check Blocking shop', 'check', 'shop', { check: 'blocking' }],
    ['diagnose shop —watch', 'watch', 'shop', USUAL],
    ['db sweep shop --watch', 'watch', 'shop', USUAL],
    ['db blocking shop --watch', 'watch', 'shop', { ...USUAL, check: 'blocking' }],
  ])('%s starts %s', async (line, runbook, on, params) => {
    expect(await started(line)).toEqual({ runbook, target: on, params });
  });

  it('wants the target named where there are two', async () => {
    expect(await world.ask(PEOPLE.oncall, 'db blocking', 'C1')).toMatchObject({ code: 'TARGET_MISSING' });
  });

  it('refuses what it does not know with what is near, as buttons', async () => {
    const reply = await world.ask(PEOPLE.oncall, 'db blokcing shop', 'C1');
    expect(reply).toMatchObject({
      code: 'DB_WORD_UNKNOWN',
      offers: [{ label: 'db blocking shop', line: 'db blocking shop' }],
    });
    expect(reply.text).toContain('Did you mean `blocking`?');
    expect(reply.text).toContain('Targets: shop, billing.');
    const two = await world.ask(PEOPLE.oncall, 'db blocking connections', 'C1');
    expect(two).toMatchObject({ code: 'DB_WORD_UNKNOWN' });
    const sql = await world.ask(PEOPLE.oncall, `db "shop'; drop table orders --"`, 'C1');
    expect(sql).toMatchObject({ code: 'DB_WORD_UNKNOWN' });
  });

  it('lists the checks with what each needs and may cost', async () => {
    const text = await world.say(PEOPLE.oncall, 'db list', 'C1');
    expect(text.split('\n')).toHaveLength(world.app.checks.length);
    expect(text).toContain(
      'blocking: Who waits for a lock, and whose lock stands at the root (needs pg_monitor;',
    );
  });
});
