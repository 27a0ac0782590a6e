/** A bot with something to do at every way in, and what tells whether anything was done. */
import type { Plan } from '../../src/domain/plan.ts';
import type { Runbook } from '../../src/domain/runbook.ts';
import { loadRunbooks } from '../../src/runbooks/load.ts';
import { loadSteps } from '../../src/runbooks/step.ts';
import { saveApproval } from '../../src/store/approvals.ts';
import { TABLES } from '../../src/store/tables.ts';
import { RUNBOOKS } from '../../src/version.ts';
import { shop } from '../jobs/run-step-support.ts';
import { type Firebreak, startFirebreak } from '../slack/firebreak.ts';
import { type Answered, openWorld, type World } from '../slack/support.ts';
import { eventually } from '../support/eventually.ts';

export interface Entries {
  readonly world: World;
  readonly bot: Firebreak;
  /** Incident 1, with a page to dba, run 1 that waits for an approval, and run 2 that asks for an approver. */
  readonly channel: string;
  /** What somebody said there. */
  readonly message: string;
  user(name: string): string;
  /** Presses one of SHOWN, LINE and DANGER in #incidents; what the person then reads. */
  press(name: string, button: Button): Promise<string>;
  /** All that the store keeps, but for what every delivery leaves. */
  kept(): Promise<Readonly<Record<string, string | null>>>;
  close(): Promise<void>;
}

interface Button {
  readonly actionId: string;
  /** As the bot's views have it. */
  readonly value: object;
}

export const PLAN_HASH = 'a'.repeat(64);

/** Of incident 1 and its runs, each as the bot's views have it. */
export const SHOWN: readonly Button[] = [
  { actionId: 'page-answer:acknowledged', value: { incident: 1, page: 1 } },
  { actionId: 'page-answer:declined', value: { incident: 1, page: 1 } },
  { actionId: 'approval:approved', value: { run: 1, step: 1, planHash: PLAN_HASH } },
  { actionId: 'approval:refused', value: { run: 1, step: 1, planHash: PLAN_HASH } },
  { actionId: 'proposal:declare', value: { proposal: 1 } },
  { actionId: 'proposal:attach:0', value: { proposal: 1, incident: 1 } },
  { actionId: 'proposal:attach:1', value: { proposal: 1, incident: 1 } },
  { actionId: 'proposal:silence', value: { proposal: 1 } },
  { actionId: 'run:start', value: { incident: 1, runbook: 'first-five-minutes', params: {} } },
  { actionId: 'run:retry', value: { run: 1, step: 1 } },
  { actionId: 'run:skip', value: { run: 1, step: 1 } },
  { actionId: 'run:cancel', value: { run: 1, step: 1 } },
  { actionId: 'run:yes', value: { run: 2, step: 1 } },
  { actionId: 'run:no', value: { run: 2, step: 1 } },
];
export const LINE: Button = { actionId: 'say:00', value: { line: 'inc-1 resolve a fuse' } };
export const DANGER: Button = {
  actionId: 'run:start',
  value: { incident: 1, runbook: 'migration-rollback', params: { migration: 'm2' } },
};

/** What each delivery leaves, whatever becomes of it: its row, the name of its person; and what the clock alone moves. */
const PASSING: ReadonlySet<string> = new Set(['inbox', 'people', 'presence', 'lanes', 'leases', 'timers']);

const GATE: Runbook = {
  name: 'gate',
  title: 'Gate',
  summary: 'It asks an approver.',
  params: {},
  steps: [{ name: 'ask', kind: 'approval', risk: 'change', with: { question: 'Is it safe?' } }],
};

/** `viewer` is a full member whom no permission names; `mallory` is a guest. */
export async function openEntries(): Promise<Entries> {
  const world = await openWorld({ quietMs: 30 });
  const { id: guest } = await world.control<{ id: string }>('POST', 'users', {
    name: 'mallory',
    kind: 'guest',
  });
  const user = (name: string): string => (name === 'mallory' ? guest : (world.slack.users[name] ?? ''));
  const runbooks = new Map([...(await loadRunbooks(RUNBOOKS, await loadSteps())), [GATE.name, GATE]]);
  const bot = await startFirebreak(world, { settings: { targets: { shop } }, runbooks });
  const { id: incident, channel } = await bot.declared();
  await world.control('POST', 'members', { user: 'viewer', channel, by: 'viewer' });
  for (const open of ['incidents', 'general'])
    await world.control('POST', 'members', { user: 'mallory', channel: open, by: 'oncall' });
  const said = { user: 'oncall', channel, text: 'the page is empty' };
  const { ts: message } = await world.control<{ ts: string }>('POST', 'messages', said);
  await eventually(async () => (await world.store.query('select from messages')).rowCount);
  await bot.app.escalate(incident, { by: user('oncall'), team: 'database' });
  await bot.app.alertsArrived({ source: 'generic', key: 'sha256:1', hasId: false, alerts: [ALERT] });
  await startRuns(world, bot, user('oncall'));
  await bot.settled();
  const ts = await post(world, [...SHOWN, LINE, DANGER]);
  return {
    world,
    bot,
    channel,
    message,
    user,
    press: (name, button) => press(world, ts, name, button),
    async kept() {
      await bot.settled();
      const each = TABLES.filter((table) => !PASSING.has(table)).map(
        (table) =>
          `select '${table}' as name, md5(string_agg(t::text, ',' order by t::text)) as rows from ${table} t`,
      );
      const { rows } = await world.store.query<{ name: string; rows: string | null }>(
        each.join(' union all '),
      );
      return Object.fromEntries(rows.map((row) => [row.name, row.rows]));
    },
    async close() {
      await bot.settled();
      await bot.stop();
      await world.close();
    },
  };
}

const ALERT = {
  source: 'generic',
  fingerprint: 'f',
  state: 'firing',
  title: 'disk is full',
  labels: {},
} as const;

/** As the worker leaves them: nothing here has a database to work on. */
async function startRuns({ store }: World, { app, clock }: Firebreak, by: string): Promise<void> {
  const at = { requestedAt: clock.now(), expiresAt: new Date(clock.now().getTime() + 900_000) };
  for (const wish of [
    { runbook: 'migration-rollback', params: { migration: 'm1' } },
    { runbook: 'gate', params: {} },
  ]) {
    const started = await app.startRun({ ...wish, incident: 1, by });
    if (!started.ok) throw new Error(JSON.stringify(started));
  }
  await store.query(`update runs set state = 'awaiting_approval' where id = 1`);
  await store.query(
    `update run_steps set state = 'awaiting_approval', plan = $1 where run_id = 1 and index = 1`,
    [JSON.stringify(PLAN)],
  );
  await saveApproval(store, 1, 1, IDENTITY, { planHash: PLAN_HASH, requestedBy: by, ...at });
  await store.query(`update run_steps set state = 'waiting', waits_for = 'approver' where run_id = 2`);
}

const IDENTITY = { systemIdentifier: '1', database: 'shop', oid: 1, timeline: 1 };
const PLAN: Plan = {
  kind: 'migration-rollback',
  title: 'Roll back m1',
  summary: ['It drops a column.'],
  sql: 'alter table orders drop column status',
  inputs: { migration: 'm1' },
  facts: {},
  target: 'shop',
  identity: IDENTITY,
  hash: PLAN_HASH,
};

async function post({ client, slack }: World, shown: readonly Button[]): Promise<string> {
  const blocks = shown.map(({ actionId, value }) => ({
    type: 'actions' as const,
    elements: [
      {
        type: 'button' as const,
        text: { type: 'plain_text' as const, text: 'Do it' },
        action_id: actionId,
        value: JSON.stringify(value),
      },
    ],
  }));
  const channel = slack.channels['incidents'] ?? '';
  const { ts = '' } = await client.chat.postMessage({ channel, text: 'all buttons', blocks });
  return ts;
}

async function press(world: World, ts: string, user: string, { actionId, value }: Button): Promise<string> {
  const { responses } = await world.control<Answered>('POST', 'actions', {
    user,
    channel: world.slack.channels['incidents'],
    ts,
    action_id: actionId,
    value: JSON.stringify(value),
  });
  return responses.map(({ text }) => text ?? '').join('\n');
}
