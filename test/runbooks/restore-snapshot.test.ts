import { join } from 'node:path';
import { pino } from 'pino';
import type { ActionOutcome, Plan, TransactionTrace } from '../../src/domain/plan.ts';
import type { EarlierAction } from '../../src/domain/run.ts';
import { bindRunbook } from '../../src/domain/runbook.ts';
import { loadRunbooks } from '../../src/runbooks/load.ts';
import {
  loadSteps,
  type PlainStep,
  runnable,
  type StepContext,
  type StepKind,
  type StepResult,
} from '../../src/runbooks/step.ts';
import { PACKAGE_ROOT } from '../../src/version.ts';
import { createShop, type Shop } from '../databases/shop.ts';

describe('the runbook restore-snapshot', () => {
  let shop: Shop;
  let kinds: ReadonlyMap<string, StepKind>;
  const earlier: EarlierAction[] = [];
  beforeAll(async () => {
    shop = await createShop();
    kinds = runnable(await loadSteps());
  });
  afterAll(() => shop.close());

  const context = (): StepContext => ({
    target: shop.target,
    now: new Date(),
    incident: 1,
    captured: [],
    snapshotSchema: 'firebreak_1',
    earlier,
    log: pino({ level: 'silent' }),
    signal: new AbortController().signal,
    since: new Date(),
    memo: undefined,
    key: 'key',
    programs: {},
    secrets: {},
    roster: () => Promise.resolve(undefined),
    incidentOf: () => Promise.resolve(undefined),
  });

  /** Plans, executes and asks afterwards, as the worker does. */
  async function dangerous(name: string, input: unknown): Promise<{ plan: Plan; outcome: ActionOutcome }> {
    const kind = kinds.get(name);
    if (kind?.risk !== 'dangerous') throw new Error(`${name} is no dangerous kind`);
    const planned = await kind.plan(context(), input);
    if (!planned.ok) throw new Error(`${planned.code} ${JSON.stringify(planned.values)}`);
    const { plan } = planned;
    const run = earlier.length + 1;
    const marker = { run: String(run), step: 1, epoch: 1 };
    let trace: TransactionTrace | undefined;
    const outcome = await kind.execute(context(), plan, {
      marker,
      signal: context().signal,
      onXid: (xid) => Promise.resolve(void (trace = xid)),
      onProgress: () => Promise.resolve(),
    });
    expect(await kind.resolve(context(), plan, marker, trace)).toBe('committed');
    earlier.unshift({ run, step: 1, kind: name, plan, outcome, ...(trace === undefined ? {} : { trace }) });
    return { plan, outcome };
  }

  async function read(name: string, input: unknown): Promise<StepResult> {
    return (await (kinds.get(name) as PlainStep).run(context(), input)) as StepResult;
  }

  it('undoes what an executed step did, and looks from outside', async () => {
    await dangerous('db-execute', {
      sql: 'update "{{table}}" set status = $1 where order_id <= 5',
      values: ['lost'],
      names: { table: 'public.order_status' },
    });
    const count = { sql: 'select count(*) as n from order_status where status = $1', values: ['lost'] };
    expect(await read('db-query', count)).toMatchObject({
      ok: true,
      output: { columns: ['n'], rows: [['5']] },
    });
    const runbook = (await loadRunbooks(join(PACKAGE_ROOT, 'runbooks'), await loadSteps())).get(
      'restore-snapshot',
    );
    if (runbook === undefined) throw new Error('it is not there');
    const bound = bindRunbook(runbook, { table: 'order_status' });
    if (!bound.ok) throw new Error(bound.code);
    const [restore, probe] = bound.steps;
    const { plan, outcome } = await dangerous(restore?.kind ?? '', restore?.input);
    expect(plan.title).toBe('Restore 5 rows of order_status on shop from run 1');
    expect(outcome).toMatchObject({ state: 'done', facts: { restored: 5, conflicts: 0 } });
    expect(await read(probe?.kind ?? '', probe?.input)).toMatchObject({ ok: true });
    expect(await read('db-query', count)).toMatchObject({ output: { rows: [['0']] } });
  });

  it('says why a query was not asked, as a step that failed', async () => {
    expect(await read('db-query', { sql: 'delete from orders' })).toMatchObject({
      ok: false,
      verdict: expect.stringContaining('may do more than read') as string,
    });
  });

  it('copies a table by a step of its own', async () => {
    expect((await dangerous('snapshot', { table: 'orders' })).outcome).toMatchObject({
      state: 'done',
      facts: { rows: 1000 },
    });
  });
});
