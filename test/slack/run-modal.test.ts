/** The form that asks for what a runbook needs, through a real Bolt, the verbs and the local Slack. */
import type { Runbook } from '../../src/domain/runbook.ts';
import { loadRunbooks } from '../../src/runbooks/load.ts';
import { loadSteps } from '../../src/runbooks/step.ts';
import { receive, stateOf } from '../../src/store/inbox.ts';
import { RUNBOOKS } from '../../src/version.ts';
import { shop } from '../jobs/run-step-support.ts';
import { eventually } from '../support/eventually.ts';
import { type Firebreak, type Said, startFirebreak, textsOf, usersOf } from './firebreak.ts';
import { openWorld, type World } from './support.ts';

interface View {
  readonly id: string;
  readonly callback_id: string;
  readonly blocks: readonly {
    readonly block_id?: string;
    readonly optional?: boolean;
    readonly hint?: { readonly text: string };
    readonly element?: Readonly<Record<string, unknown>> & { readonly type: string };
  }[];
}

const EVERY: Runbook = {
  name: 'every-type',
  title: 'Every type',
  summary: 'It takes all there is.',
  params: {
    what: { type: 'text', required: true, description: 'what to say' },
    table: { type: 'table', required: true, description: 'a table' },
    migration: { type: 'migration', required: false, description: 'a migration' },
    source: { type: 'database', required: false, description: 'another database' },
    pause: { type: 'duration', required: false, description: 'how long', default: '5m' },
    who: { type: 'user', required: false, description: 'who watches' },
    mode: { type: 'choice', required: false, description: 'how', options: ['quiet', 'loud'] },
    pid: { type: 'session', required: false, description: 'a session' },
  },
  steps: [{ name: 'look', kind: 'db-check', risk: 'read', with: {} }],
};

let world: World;
let bot: Firebreak;
let incident: { readonly id: number; readonly channel: string };
let user: (name: string) => string;

beforeAll(async () => {
  world = await openWorld();
  user = (name) => world.slack.users[name] ?? '';
  const shipped = await loadRunbooks(RUNBOOKS, await loadSteps());
  bot = await startFirebreak(world, {
    settings: { targets: { shop, bank: { ...shop, name: 'bank' } } },
    runbooks: new Map([...shipped, ['every-type', EVERY]]),
  });
  incident = await bot.declared();
  await bot.app.capture(
    'shop',
    ['1_first', '2_second'].map((name) => ({ name, fileHash: 'x', up: 'select 1' })),
  );
});
afterEach(async () => {
  for (const { id } of await views('oncall'))
    await world.control('POST', 'views/close', { user: 'oncall', view_id: id });
  await world.store.query(`update runs set state = 'done', ended_at = now(), due_at = null`);
});
afterAll(async () => {
  await bot.settled();
  await bot.stop();
  await world.close();
});

const views = async (name: string): Promise<readonly View[]> =>
  (await world.control<{ views: View[] }>('GET', `state?as=${name}`)).views;
const asked = async (line: string): Promise<View> => {
  await bot.type('oncall', line, incident.channel);
  const [view] = await eventually(async () => {
    const all = await views('oncall');
    return all.length > 0 && all;
  });
  return view as View;
};
const fieldOf = (view: View, id: string) => view.blocks.find(({ block_id }) => block_id === id);
const submit = (view: View, values: object): Promise<Said> =>
  world.control('POST', 'views/submit', { user: 'oncall', view_id: view.id, values });
const errorsOf = ({ responses }: Said): Readonly<Record<string, string>> =>
  responses.find(({ errors }) => errors)?.errors ?? {};
const runs = async (): Promise<readonly Record<string, unknown>[]> =>
  (
    await world.store.query<Record<string, unknown>>(
      `select runbook, target, params, requested_by from runs where state <> 'done' order by id`,
    )
  ).rows;

describe('the form of a runbook', () => {
  test('asks for what the line did not say, a field a parameter by its type, with what it did say', async () => {
    const who = `<@${user('dba')}|dba>`;
    const view = await asked(
      `run every-type target=shop what="two &lt;words&gt; &amp;amp;" who=${who} migration=1_first`,
    );
    expect(view.callback_id).toBe('run');
    const shown = view.blocks.flatMap(({ block_id: id, element, optional = false, hint }) =>
      element ? [[id, element.type, optional, hint?.text, initialOf(element)]] : [],
    );
    expect(shown).toEqual([
      ['target', 'static_select', false, 'The database that it is run on.', 'shop'],
      ['what', 'plain_text_input', false, 'what to say', 'two <words> &amp;'],
      ['table', 'plain_text_input', false, 'a table', undefined],
      ['migration', 'static_select', true, 'a migration', '1_first'],
      ['source', 'static_select', true, 'another database', undefined],
      ['pause', 'plain_text_input', true, 'how long', '5m'],
      ['who', 'users_select', true, 'who watches', user('dba')],
      ['mode', 'static_select', true, 'how', undefined],
      ['pid', 'plain_text_input', true, 'a session', undefined],
    ]);
    expect(optionsOf(view, 'migration')).toEqual(['2_second', '1_first']);
    expect(optionsOf(view, 'source')).toEqual(['shop', 'bank']);
    expect(optionsOf(view, 'mode')).toEqual(['quiet', 'loud']);
    expect(await runs()).toEqual([]);
  });

  test('tells what is wrong at its field, and starts the run once it is right', async () => {
    const view = await asked('run every-type what=hello');
    const wrong = await submit(view, {
      target: 'bank',
      table: 'a.b.c',
      pause: 'soon',
      pid: 'x',
      mode: 'loud',
    });
    expect(errorsOf(wrong)).toEqual({
      table: expect.stringContaining(
        'a.b.c is no value for table: a table, orders or public.orders',
      ) as unknown,
      pause: expect.stringContaining('a duration, for example 30s, 5m or 2h') as unknown,
      pid: expect.stringContaining("a session's pid") as unknown,
    });
    expect(await runs()).toEqual([]);
    const odd = 'robert"); drop table students;--';
    await submit(view, { target: 'bank', table: odd, pause: '', pid: '', mode: 'loud', who: user('dba') });
    expect(await views('oncall')).toEqual([]);
    expect(await runs()).toEqual([
      {
        runbook: 'every-type',
        target: 'bank',
        params: { what: 'hello', table: odd, mode: 'loud', who: user('dba'), pause: '5m' },
        requested_by: user('oncall'),
      },
    ]);
  });

  test('lets a migration be typed when it is not among those that are known', async () => {
    const view = await asked('run every-type target=shop migration=3_third');
    expect(fieldOf(view, 'migration')?.element).toMatchObject({
      type: 'plain_text_input',
      initial_value: '3_third',
    });
  });

  test('asks for the target when that is all that is missing', async () => {
    const view = await asked('run first-five-minutes');
    await submit(view, { target: 'bank' });
    expect(await runs()).toMatchObject([{ runbook: 'first-five-minutes', target: 'bank' }]);
  });

  test('is refused, and stays open, when the right was taken away meanwhile', async () => {
    const view = await asked('run table-repair target=shop');
    const permitted = bot.app.settings.permissions.dangerous;
    bot.permit({ dangerous: usersOf(world, 'dba') });
    const said = errorsOf(await submit(view, { target: 'shop', table: 'orders' }));
    bot.permit({ dangerous: permitted });
    expect(said['target']).toContain('permissions.dangerous');
    expect(await views('oncall')).toHaveLength(1);
    expect(await runs()).toEqual([]);
  });

  test('that Slack does not open leaves the words, which say what is missing', async () => {
    await world.fault({ method: 'views.open', kind: 'error', error: 'internal_error' });
    const said = textsOf(await bot.type('oncall', 'run table-repair target=shop', incident.channel));
    expect(said).toContain('table-repair needs `table`: the table whose values are wrong');
    expect(await views('oncall')).toEqual([]);
  });

  test.each([
    [20_000, 'done', 1],
    [70_000, 'expired', 0],
  ] as const)('that a crash lost %i ms ago is %s', async (ago, state, started) => {
    const key = `form-${ago}`;
    const receivedAt = new Date(bot.app.now().getTime() - ago);
    await receive(world.store, { key, kind: 'form', payload: lost(), receivedAt });
    await bot.slack.replay.work();
    expect(await stateOf(world.store, key)).toBe(state);
    expect(await runs()).toHaveLength(started);
  });
});

describe('a line that names no runbook there is', () => {
  test.each([
    ['run tabel-repair', ['run table-repair']],
    ['run first-five', ['run first-five-minutes']],
    ['run', ['run bad-deploy', 'run blocked-queries', 'run check']],
  ])('offers those that may be meant: %s', async (line, offers) => {
    const seen = JSON.stringify(await bot.type('oncall', line, incident.channel));
    for (const offer of offers) expect(seen).toContain(`{\\"line\\":\\"${offer}\\"}`);
    expect(await runs()).toEqual([]);
  });
});

const initialOf = (element: Readonly<Record<string, unknown>>): unknown =>
  element['initial_value'] ??
  element['initial_user'] ??
  (element['initial_option'] as { readonly value: string } | undefined)?.value;

const optionsOf = (view: View, id: string): readonly string[] =>
  ((fieldOf(view, id)?.element?.['options'] ?? []) as { readonly value: string }[]).map(({ value }) => value);

/** As Slack would deliver it, from a form that is open no more. */
const lost = () => ({
  type: 'view_submission',
  team: { id: 'T000SANDBOX' },
  user: { id: user('oncall'), username: 'oncall', team_id: 'T000SANDBOX' },
  view: {
    id: 'V000LOST',
    type: 'modal',
    callback_id: 'run',
    private_metadata: JSON.stringify({ incident: incident.id, runbook: 'first-five-minutes' }),
    state: {
      values: { target: { target: { type: 'static_select', selected_option: { value: 'shop' } } } },
    },
    blocks: [],
  },
});
