/** Forms, through a real Bolt, the verbs and the local Slack: opened, refused, sent, and sent again after a crash. */
import { savePerson } from '../../src/store/people.ts';
import { eventually } from '../support/eventually.ts';
import { type Firebreak, type Said, startFirebreak, textsOf, usersOf } from './firebreak.ts';
import { inboxRows, openWorld, toldTo, type World } from './support.ts';

interface View {
  readonly id: string;
  readonly user: string;
  readonly callback_id: string;
  readonly private_metadata: string;
  readonly blocks: readonly Record<string, unknown>[];
}

let world: World;
let bot: Firebreak;
let user: (name: string) => string;

beforeEach(async () => {
  world = await openWorld();
  user = (name) => world.slack.users[name] ?? '';
  bot = await startFirebreak(world, { settings: { services: { shop: { team: 'database', links: {} } } } });
});
afterEach(async () => {
  await bot.settled();
  await bot.stop();
  await world.close();
});

const views = async (name: string): Promise<readonly View[]> =>
  (await world.control<{ views: View[] }>('GET', `state?as=${name}`)).views;
const opened = async (name: string): Promise<View> => {
  const [view, ...others] = await eventually(async () => {
    const all = await views(name);
    return all.length > 0 && all;
  });
  expect(others).toEqual([]);
  return view as View;
};
const submit = (name: string, view: View, values: object): Promise<Said> =>
  world.control('POST', 'views/submit', { user: name, view_id: view.id, values });
const errorsOf = ({ responses }: Said): Readonly<Record<string, string>> =>
  responses.find(({ errors }) => errors)?.errors ?? {};
const callsOf = (method: string): Promise<readonly unknown[]> =>
  world.control('GET', `calls?method=${method}`);
const openIncidents = () => bot.app.incidents({ state: 'all' }, user('oncall'));
/** As Slack would deliver it, from a form that is open no more. */
const submission = (name: string, callbackId: string, values: object, about?: object) => ({
  type: 'view_submission',
  team: { id: 'T000SANDBOX' },
  user: { id: user(name), username: name, team_id: 'T000SANDBOX' },
  view: {
    id: 'V000LOST',
    type: 'modal',
    callback_id: callbackId,
    private_metadata: about === undefined ? '' : JSON.stringify(about),
    state: { values },
    blocks: [],
  },
});
const text = (id: string, value: string) => ({ [id]: { [id]: { type: 'plain_text_input', value } } });
const choice = (id: string, value: string) => ({
  [id]: { [id]: { type: 'static_select', selected_option: { value } } },
});

describe('the form to declare', () => {
  test('comes by a line that says too little, with the severity that was typed; nothing is declared', async () => {
    await bot.type('oncall', 'declare sev1');
    const view = await opened('oncall');
    expect(view.callback_id).toBe('declare');
    expect(JSON.stringify(view.blocks)).toMatch(
      /"initial_option":\{[^}]*\}?,?"value":"sev1"|"initial_option":.*sev1/,
    );
    expect(await openIncidents()).toEqual([]);
  });

  test('comes by the shortcut, and refuses a title of blanks in the form, which stays open; mended it declares once', async () => {
    await world.control('POST', 'shortcuts', { user: 'dba', callback_id: 'declare_incident' });
    const view = await opened('dba');
    expect(errorsOf(await submit('dba', view, { title: '   ' }))['title']).toContain('needs a title');
    expect(await views('dba')).toHaveLength(1);
    await submit('dba', view, { title: 'order status is down', severity: 'sev1' });
    expect(await views('dba')).toEqual([]);
    expect(await openIncidents()).toMatchObject([
      {
        title: 'order status is down',
        severity: 'sev1',
        declaredBy: user('dba'),
        private: false,
        kind: 'incident',
      },
    ]);
    const forms = (await inboxRows(world)).filter(({ kind }) => kind === 'form');
    expect(forms.map(({ state }) => state)).toEqual(['done', 'done']);
  });

  test.each([
    [['private'], { private: true, kind: 'incident' }],
    [['drill'], { private: false, kind: 'drill' }],
    [['drill', 'private'], { private: true, kind: 'drill' }],
  ])('does what is ticked: %j', async (options, expected) => {
    await bot.type('oncall', 'declare');
    await submit('oncall', await opened('oncall'), { title: 'a key has leaked', options });
    const [incident] = await bot.app.incidents({ state: 'open' }, 'firebreak');
    expect(incident).toMatchObject(expected);
    await bot.settled();
    const channel = (await bot.app.incident(incident?.id ?? 0))?.channelId;
    const { channels } = await world.control<{ channels: { id: string; is_private: boolean }[] }>(
      'GET',
      'state',
    );
    expect(channels.find(({ id }) => id === channel)?.is_private).toBe(expected.private);
  });

  test('shows the one that is probably the same, and opens another when that is ticked', async () => {
    await bot.declared('order status page is down');
    await bot.type('oncall', 'declare');
    const view = await opened('oncall');
    const values = { title: 'order status page is empty' };
    expect(errorsOf(await submit('oncall', view, values))['title']).toContain('order status page is down');
    expect(await openIncidents()).toHaveLength(1);
    await submit('oncall', view, { ...values, options: ['anyway'] });
    expect(await openIncidents()).toHaveLength(2);
  });

  test('says what is wrong in plain words: a form shows no markup, and takes no line', async () => {
    await bot.declared('order status page is down');
    await savePerson(world.store, user('oncall'), 'Ana', new Date());
    await bot.type('dba', 'declare');
    const said = errorsOf(await submit('dba', await opened('dba'), { title: 'order status page is empty' }));
    expect(said['title']).toMatch(
      /^This may be open already: inc-1 order status page is down in its channel \(.*, declared .* ago by Ana\)\.\n/,
    );
    expect(said['title']).toContain('or tick "Open it though a similar one is open".');
    expect(said['title']).not.toMatch(/[`<>*]|:no_entry:|--anyway/);
    bot.permit({ declare: [user('oncall')] });
    const barred = errorsOf(await submit('dba', await opened('dba'), { title: 'the trains stand still' }));
    expect(barred['title']).toContain('permissions.declare');
    expect(barred['title']).toContain('Ana');
    expect(barred['title']).not.toMatch(/[`<>*]|:no_entry:/);
  });

  test.each([
    'sev1 is what they call it',
    '--private keys do not load',
    'p2 customers cannot pay',
    'proposal:3 fails',
  ])('takes the title as it is: %s', async (title) => {
    await bot.type('oncall', 'declare');
    await submit('oncall', await opened('oncall'), { title, severity: 'sev3' });
    expect(await openIncidents()).toMatchObject([{ title, severity: 'sev3', private: false }]);
  });

  test('on a message begins with it: the title, and the first entry at its own time, by its author, with its link', async () => {
    const said = 'Customers see &lt;nothing&gt; in <https://shop.example|the shop>\nsince ten';
    const { ts } = await world.control<{ ts: string }>('POST', 'messages', {
      user: 'support',
      channel: 'general',
      text: said,
    });
    const shortcut = { user: 'oncall', callback_id: 'declare_from_message', channel: 'general', ts };
    await world.control('POST', 'shortcuts', shortcut);
    const view = await opened('oncall');
    expect(JSON.stringify(view.blocks)).toContain('"initial_value":"Customers see <nothing> in the shop"');
    await submit('oncall', view, { title: 'the shop shows nothing' });
    const [incident] = await openIncidents();
    const record = await bot.app.record(incident?.id ?? 0);
    expect(record?.timeline[0]).toMatchObject({
      kind: 'message',
      actor: user('support'),
      at: new Date(Number(ts) * 1000),
      text: said,
      link: expect.stringContaining('/archives/') as string,
    });
  });

  test('that Slack does not open on a message is said, with the line to type', async () => {
    const { ts } = await world.control<{ ts: string }>('POST', 'messages', {
      user: 'support',
      channel: 'general',
      text: 'the shop is down',
    });
    await world.fault({ method: 'views.open', kind: 'error', error: 'internal_error' });
    const shortcut = { user: 'oncall', callback_id: 'declare_from_message', channel: 'general', ts };
    const seen = await world.control<Said>('POST', 'shortcuts', shortcut);
    expect(textsOf(seen)).toContain('/incident declare');
  });

  test('opens on a message of any length and any signs', async () => {
    for (const message of [
      '"'.repeat(2900),
      '\\\n'.repeat(1450),
      '😀"'.repeat(900),
      `${'x'.repeat(1499)}😀`.repeat(2),
    ]) {
      const { ts } = await world.control<{ ts: string }>('POST', 'messages', {
        user: 'support',
        channel: 'general',
        text: message,
      });
      const shortcut = { user: 'oncall', callback_id: 'declare_from_message', channel: 'general', ts };
      await world.control('POST', 'shortcuts', shortcut);
      const view = await opened('oncall');
      expect(view.private_metadata.length).toBeLessThanOrEqual(3000);
      expect((JSON.parse(view.private_metadata) as { text: string }).text.length).toBeGreaterThan(400);
      await world.control('POST', 'views/close', { user: 'oncall', view_id: view.id });
    }
  });

  test('is refused, with who may, when the right was taken away before it was sent', async () => {
    await bot.type('oncall', 'declare');
    const view = await opened('oncall');
    bot.permit({ declare: usersOf(world, 'dba') });
    const { title } = errorsOf(await submit('oncall', view, { title: 'it is down' }));
    expect(title).toContain('permissions.declare');
    expect(title).toContain(user('dba'));
    expect(await openIncidents()).toEqual([]);
  });

  test('that a crash lost is done once', async () => {
    await bot.lost(
      'form',
      'f1',
      submission('oncall', 'declare', { ...text('title', 'it is down'), ...choice('severity', 'sev2') }),
    );
    expect(await openIncidents()).toMatchObject([{ title: 'it is down', severity: 'sev2' }]);
    const forms = (await inboxRows(world)).filter(({ kind }) => kind === 'form');
    expect(forms.map(({ state }) => state)).toEqual(['done']);
  });

  test('that a crash lost, and is refused, ends with the word to its person, said once', async () => {
    const given = { ...text('title', 'it is down'), ...choice('severity', 'sev2') };
    await bot.lost('form', 'f2', submission('viewer', 'declare', given));
    expect((await inboxRows(world)).find(({ key }) => key === 'f2')).toMatchObject({ state: 'refused' });
    const told = (await toldTo(world, 'viewer')).filter((each) => each.includes('Your form arrived'));
    expect(told).toEqual([expect.stringContaining('permissions.declare')]);
  });

  test('is not opened by a line that a crash lost; the words say what is missing', async () => {
    const payload = {
      command: '/incident',
      text: 'declare',
      user_id: user('oncall'),
      user_name: 'oncall',
      channel_id: world.slack.channels['general'],
      team_id: 'T000SANDBOX',
      trigger_id: 'old',
    };
    await bot.lost('command', 'c1', payload);
    expect(await callsOf('views.open')).toEqual([]);
    expect(await openIncidents()).toEqual([]);
  });

  test('that Slack does not open leaves the words, which say the same', async () => {
    await world.fault({ method: 'views.open', kind: 'error', error: 'internal_error' });
    expect(textsOf(await bot.type('oncall', 'declare'))).toContain('needs a title');
  });
});

describe('the form for an update', () => {
  test('comes by the bare verb, and posts what was written', async () => {
    const { id, channel } = await bot.declared();
    await bot.type('oncall', 'update', channel);
    const view = await opened('oncall');
    expect(JSON.stringify(view.blocks)).toContain('order status page is down');
    expect(errorsOf(await submit('oncall', view, { text: '  ' }))['text']).toContain('update');
    await submit('oncall', view, { text: 'inc-9 looks the same; we are rolling back' });
    expect((await bot.app.incident(id))?.lastUpdate).toMatchObject({
      by: user('oncall'),
      text: 'inc-9 looks the same; we are rolling back',
    });
  });

  test('is refused when the right was taken away, or the incident is private and its channel was left', async () => {
    const { id, channel } = await bot.declared('a key has leaked', 'declare --private sev2');
    await bot.type('oncall', 'update', channel);
    const view = await opened('oncall');
    bot.permit({ respond: [] });
    expect(errorsOf(await submit('oncall', view, { text: 'x' }))['text']).toContain('permissions.respond');
    bot.permit({ respond: undefined });
    await world.client.conversations.kick({ channel, user: user('oncall') });
    expect(errorsOf(await submit('oncall', view, { text: 'x' }))['text']).toContain(
      `There is no incident ${id}`,
    );
    expect((await bot.app.incident(id))?.lastUpdate).toBeUndefined();
  });

  test('that a crash lost is posted once', async () => {
    const { id } = await bot.declared();
    await bot.lost(
      'form',
      'f2',
      submission('oncall', 'update', text('text', 'we are rolling back'), { incident: id }),
    );
    const { timeline } = (await bot.app.record(id)) ?? { timeline: [] };
    expect(timeline.filter(({ kind }) => kind === 'update')).toMatchObject([{ text: 'we are rolling back' }]);
  });
});

describe('the form to escalate', () => {
  test('offers the teams, the one of the service first, and pages with the reason', async () => {
    const { id, channel } = await bot.declared();
    await bot.type('oncall', 'escalate', channel);
    const view = await opened('oncall');
    expect(JSON.stringify(view.blocks)).toContain('"value":"database"');
    await submit('oncall', view, { team: 'database', reason: 'the table is broken' });
    expect((await bot.app.incident(id))?.pages).toMatchObject([
      { user: user('dba'), reason: 'the table is broken', requestedBy: user('oncall') },
    ]);
  });

  test('is refused when the right was taken away, or the incident has ended', async () => {
    const { id, channel } = await bot.declared();
    await bot.type('oncall', 'escalate', channel);
    const view = await opened('oncall');
    bot.permit({ respond: usersOf(world, 'dba') });
    expect(errorsOf(await submit('oncall', view, { team: 'database' }))['reason']).toContain(
      'permissions.respond',
    );
    bot.permit({ respond: undefined });
    await bot.app.act(id, { kind: 'resolve', by: user('dba') });
    expect(errorsOf(await submit('oncall', view, { team: 'database' }))['reason']).toContain('resolved');
    expect((await bot.app.incident(id))?.pages).toEqual([]);
  });

  test('that a crash lost pages once', async () => {
    const { id } = await bot.declared();
    await bot.lost(
      'form',
      'f3',
      submission(
        'oncall',
        'escalate',
        { ...choice('team', 'database'), ...text('reason', '') },
        { incident: id },
      ),
    );
    expect((await bot.app.incident(id))?.escalations).toHaveLength(1);
    expect((await bot.app.incident(id))?.pages).toHaveLength(1);
  });
});

describe('the form after resolve', () => {
  test('comes beside the answer, and writes what fixed it and what is left to do', async () => {
    const { id, channel } = await bot.declared();
    expect(textsOf(await bot.type('oncall', 'resolve', channel))).toContain('Resolved.');
    const view = await opened('oncall');
    expect((await bot.app.incident(id))?.status).toBe('resolved');
    await submit('oncall', view, {
      fix: 'rolled back',
      follow_ups: '- test migrations\n\n * watch the table\n',
    });
    expect(await bot.app.incident(id)).toMatchObject({
      accounts: { fix: 'rolled back' },
      actionItems: [{ text: 'test migrations' }, { text: 'watch the table' }],
    });
  });

  test('empty is as good as skipped, and does not come when it was said already', async () => {
    const { id, channel } = await bot.declared();
    await bot.type('oncall', 'resolve', channel);
    const before = (await bot.app.record(id))?.timeline.length;
    await submit('oncall', await opened('oncall'), {});
    expect(await views('oncall')).toEqual([]);
    expect((await bot.app.record(id))?.timeline).toHaveLength(before ?? 0);
    await bot.app.act(id, { kind: 'reopen', by: user('oncall'), reason: 'x' });
    await bot.settled();
    await bot.type('oncall', 'resolve rolled back', channel);
    expect(await views('oncall')).toEqual([]);
  });

  test('is refused when the right was taken away', async () => {
    const { id, channel } = await bot.declared();
    await bot.type('oncall', 'resolve', channel);
    const view = await opened('oncall');
    bot.permit({ respond: usersOf(world, 'dba') });
    expect(errorsOf(await submit('oncall', view, { fix: 'x' }))['fix']).toContain('permissions.respond');
    expect((await bot.app.incident(id))?.accounts).toEqual({});
  });

  test('that a crash lost is written once', async () => {
    const { id } = await bot.declared();
    await bot.app.act(id, { kind: 'resolve', by: user('oncall') });
    await bot.lost(
      'form',
      'f4',
      submission(
        'oncall',
        'wrap-up',
        { ...text('fix', 'rolled back'), ...text('follow_ups', 'watch it') },
        { incident: id },
      ),
    );
    expect((await bot.app.incident(id))?.actionItems).toHaveLength(1);
  });

  test('is not opened by a line that a crash lost, which resolves', async () => {
    const { id, channel } = await bot.declared();
    const payload = {
      command: '/incident',
      text: 'resolve',
      user_id: user('oncall'),
      user_name: 'oncall',
      channel_id: channel,
      team_id: 'T000SANDBOX',
      trigger_id: 'old',
    };
    await bot.lost('command', 'c2', payload);
    expect((await bot.app.incident(id))?.status).toBe('resolved');
    expect(await callsOf('views.open')).toEqual([]);
  });
});
