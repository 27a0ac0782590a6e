/** The App Home: what a person sees of their own, and what a click in it comes to. */
import { blockFaults } from '../../sandbox/server/rules/blocks.ts';
import { DEFAULT_POLICY } from '../../src/domain/policy.ts';
import type { Run } from '../../src/domain/run.ts';
import { home } from '../../src/slack/views/home.ts';
import { saveApproval } from '../../src/store/approvals.ts';
import { saveIncident } from '../../src/store/incidents.ts';
import { insertRun } from '../../src/store/runs.ts';
import { eventually } from '../support/eventually.ts';
import { type Firebreak, type Said, startFirebreak, usersOf } from './firebreak.ts';
import { anEscalation, anIncident, aPage, openWorld, type World } from './support.ts';

interface Home {
  readonly id: string;
  readonly user: string;
  readonly blocks: readonly Record<string, unknown>[];
}

let world: World;
let bot: Firebreak;
let user: (name: string) => string;

beforeEach(async () => {
  world = await openWorld();
  user = (name) => world.slack.users[name] ?? '';
  bot = await startFirebreak(world);
});
afterEach(async () => {
  await bot.stop();
  await world.close();
});

const open = (name: string): Promise<Home> => world.control('POST', 'home', { user: name });
const shown = async (name: string): Promise<string> => JSON.stringify((await open(name)).blocks);
const homeNow = async (name: string): Promise<string> => {
  const { homes } = await world.control<{ homes: Home[] }>('GET', `state?as=${name}`);
  return JSON.stringify(homes[0]?.blocks);
};
const click = (name: string, { id: view_id }: Home, action_id: string): Promise<Said> =>
  world.control('POST', 'actions', { user: name, view_id, action_id });
/** Which of two texts comes first. */
const before = (text: string, one: string, other: string): boolean =>
  text.includes(one) && text.includes(other) && text.indexOf(one) < text.indexOf(other);

describe('the App Home', () => {
  test('tells who is new what to type, and who is on call', async () => {
    const blocks = await shown('viewer');
    expect(blocks).toContain('/incident declare');
    expect(blocks).toContain('Nothing to do.');
    expect(blocks).toContain(`<@${user('dba')}>`);
    expect(blocks).not.toContain('Waiting for your approval');
  });

  test('shows my incidents first: declared, led, paged; then all others', async () => {
    const ids = [1, 2, 3, 4];
    const [oncall = '', dba = '', viewer = ''] = usersOf(world, 'oncall', 'dba', 'viewer');
    const of = (id: number, change: object) =>
      saveIncident(world.store, anIncident({ id, title: `number ${id}`, declaredBy: viewer, ...change }));
    await of(1, { declaredBy: oncall });
    await of(2, { roles: { scribe: oncall } });
    await of(3, { escalations: [anEscalation()], pages: [aPage({ user: oncall })] });
    await of(4, {});
    await of(5, { status: 'resolved', declaredBy: oncall });
    const mine = await shown('oncall');
    for (const id of ids.slice(0, 3)) expect(before(mine, `inc-${id} `, 'Other open incidents')).toBe(true);
    expect(before(mine, 'Other open incidents', 'inc-4 ')).toBe(true);
    expect(mine).not.toContain('inc-5 ');
    const others = await shown('dba');
    expect(dba).not.toBe('');
    for (const id of ids) expect(before(others, 'Other open incidents', `inc-${id} `)).toBe(true);
  });

  test('hides a private incident from who is not in its channel, and shows it to who is', async () => {
    await bot.declared('a key has leaked', 'declare --private sev1');
    expect(await shown('oncall')).toContain('a key has leaked');
    for (const name of ['dba', 'viewer']) expect(await shown(name)).not.toContain('a key has leaked');
    await bot.app.act(1, { kind: 'role', by: user('oncall'), role: 'commander', user: user('dba') });
    await bot.settled();
    expect(await shown('dba')).toContain('a key has leaked');
  });

  test('shows what is overdue first, then by day, then without one; Done does it and draws anew', async () => {
    await bot.declared();
    const add = (text: string, due?: string) =>
      bot.app.act(1, {
        kind: 'add-action',
        by: user('dba'),
        text,
        owner: user('viewer'),
        ...(due ? { due } : {}),
      });
    await add('some day');
    await add('next year', '2099-01-01');
    await add('last year', '2020-01-01');
    await add('tomorrow', '2098-12-31');
    const view = await open('viewer');
    const blocks = JSON.stringify(view.blocks);
    for (const [one, other] of [
      ['last year', 'tomorrow'],
      ['tomorrow', 'next year'],
      ['next year', 'some day'],
    ] as const)
      expect(before(blocks, one, other)).toBe(true);
    expect(before(blocks, 'overdue', 'last year')).toBe(true);
    expect(blocks.match(/overdue/g)).toHaveLength(1);
    // viewer only reads, but what is their own they may say to be done.
    await click('viewer', view, 'say:done');
    await eventually(async () => (await homeNow('viewer')).includes('Action item 3 is done'));
    expect(await homeNow('viewer')).not.toContain('last year');
  });

  test('shows the plan of somebody else to who may approve, and to nobody else', async () => {
    const { id } = await bot.declared();
    await insertWaiting(id, user('oncall'));
    const blocks = await shown('dba');
    for (const text of [
      'Waiting for your approval',
      'Takes ACCESS EXCLUSIVE on order_status',
      'abcdef012345',
      'approval:approved',
    ])
      expect(blocks).toContain(text);
    for (const name of ['oncall', 'viewer']) expect(await shown(name)).not.toContain('approval:');
    await insertWaiting(id, user('dba'));
    expect((await shown('dba')).match(/"action_id":"approval:approved"/g)).toHaveLength(1);
  });

  test('does not show the plan of a private incident to who is not in its channel', async () => {
    const { id } = await bot.declared('a key has leaked', 'declare --private sev1');
    await insertWaiting(id, user('oncall'));
    expect(await shown('dba')).not.toContain('approval:');
  });

  test('stays within 100 blocks, whatever there is', () => {
    const long = 'x<!channel>&'.repeat(30);
    const incidents = Array.from({ length: 60 }, (_, id) =>
      anIncident({ id, title: long, channelId: `C${id}` }),
    );
    const items = Array.from({ length: 80 }, (_, number) => ({
      incident: 1,
      item: { number, text: long, done: false, createdBy: 'U1', due: '2026-01-01' },
      overdue: true,
    }));
    const runs = Array.from({ length: 9 }, (_, id) => waitingRun(id, 'U000ONCALL', 60));
    const level = {
      level: 1,
      waitSeconds: 300,
      users: Array.from({ length: 30 }, (_, at) => `U${at}`),
      problems: [long],
      turns: [],
    };
    const onCall = Object.fromEntries(
      Array.from({ length: 40 }, (_, at) => [`team${at}`, [level, level, level]]),
    );
    const content = {
      mine: incidents,
      others: incidents,
      approvals: runs,
      actionItems: items,
      onCall,
      answer: { text: long.repeat(20), offers: [{ label: 'x', line: 'y' }] },
    };
    const view = home(content, DEFAULT_POLICY, '/incident', new Date());
    expect(blockFaults([...view.blocks], 100)).toEqual([]);
    expect(JSON.stringify(view.blocks)).not.toMatch(/<!channel>/);
    const ids = view.blocks.flatMap((block) => block.block_id ?? []);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

let targets = 0;
/** A run whose plan waits for an answer, as the worker leaves it. */
async function insertWaiting(incidentId: number, requestedBy: string): Promise<void> {
  const { steps, params, ...run } = waitingRun(0, requestedBy);
  const [step] = steps;
  if (!step?.plan || !step.approval) throw new Error('a step with a plan');
  const bound = { name: step.name, kind: step.kind, risk: step.risk, input: {}, skipped: false };
  const target = `shop${(targets += 1)}`;
  const id = await insertRun(world.store, { ...run, params, incidentId, target, steps: [bound] });
  await saveApproval(world.store, id ?? 0, 1, step.plan.identity, step.approval);
  await world.store.query(`update run_steps set state = 'awaiting_approval', plan = $2 where run_id = $1`, [
    id,
    JSON.stringify(step.plan),
  ]);
  await world.store.query(`update runs set state = 'awaiting_approval' where id = $1`, [id]);
}

const HASH = 'abcdef0123456789abcdef';

const waitingRun = (id: number, requestedBy: string, lines = 1): Run => ({
  id,
  incidentId: 1,
  runbook: 'migration-rollback',
  title: 'Roll back a migration',
  target: 'shop',
  params: {},
  requestedBy,
  requestedAt: new Date(),
  state: 'awaiting_approval',
  steps: [
    {
      index: 1,
      name: 'rollback',
      kind: 'migration-rollback',
      risk: 'dangerous',
      state: 'awaiting_approval',
      plan: {
        kind: 'migration-rollback',
        hash: HASH,
        target: 'shop',
        identity: { systemIdentifier: '1', database: 'shop', oid: 1, timeline: 1 },
        title: 'Roll back migration 1717_x on shop',
        summary: Array.from({ length: lines }, () => 'Takes ACCESS EXCLUSIVE on order_status'),
        sql: 'select 1',
        inputs: {},
        facts: {},
      },
      approval: {
        planHash: HASH,
        requestedBy,
        requestedAt: new Date(),
        expiresAt: new Date(Date.now() + 900_000),
      },
    },
  ],
});
