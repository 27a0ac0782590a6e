/** Every way in, by somebody who may not: it is refused, and nothing is done. And what is said to an old button. */

import type { Receiver } from '../../src/alerts/receiver.ts';
import { loadAlertSources } from '../../src/alerts/source.ts';
import { type Command, permissionOf } from '../../src/app/command.ts';
import { loadCommands } from '../../src/app/load-commands.ts';
import { ALERT_SOURCES, ENTRANCES } from '../../src/domain/entrances.ts';
import { createInward } from '../../src/inward.ts';
import { silentLogger } from '../../src/log.ts';
import { BUTTONS } from '../../src/slack/clicks.ts';
import { FORMS } from '../../src/slack/modals.ts';
import { type Folder, firebreak, temporaryFolder } from '../cli/support.ts';
import { textsOf } from '../slack/firebreak.ts';
import { eventually } from '../support/eventually.ts';
import { DANGER, type Entries, LINE, openEntries, PLAN_HASH, SHOWN } from './entries-support.ts';

/** Each refusal is about the person. */
const NOT_YOU = /`?permissions\.\w+|That page was sent to|Only full members/;

const ALLOWED = { declare: undefined, respond: undefined, dangerous: undefined };

let entries: Entries;
let commands: readonly Command[];
let folder: Folder;
let before: unknown;

beforeAll(async () => {
  entries = await openEntries();
  commands = await loadCommands();
  folder = await temporaryFolder();
}, 30_000);
afterAll(async () => {
  await entries.close();
  await folder.remove();
});
beforeEach(async () => {
  // A minute's worth of questions is free again: who was not asked about is refused for another reason.
  await control('clock', { advance_ms: 61_000 });
  before = await entries.kept();
});

const bot = (): Entries['bot'] => entries.bot;
const control = <T>(path: string, body: object): Promise<T> => entries.world.control<T>('POST', path, body);

/** How each form is opened, and what is then put into it. */
const FORM_LINES: Readonly<Record<string, { readonly line: string; readonly values: object }>> = {
  declare: { line: 'declare', values: { title: 'mail is late' } },
  update: { line: 'update', values: { text: 'we look' } },
  escalate: { line: 'escalate', values: { team: 'database' } },
  'wrap-up': { line: 'resolve', values: { fix: 'a fuse' } },
  pick: { line: 'timeline pick', values: { 'out-1-4': ['1'] } },
  report: { line: 'postmortem write 9', values: { conclusion: 'it was the fuse' } },
  run: { line: 'run migration-rollback', values: { migration: 'm2' } },
};

describe('somebody whom no permission names', () => {
  afterEach(async () => {
    expect(await entries.kept()).toEqual(before);
  });

  test('by a command: no line of any verb does anything for them', async () => {
    expect(textsOf(await bot().type('viewer', 'resolve', entries.channel))).toMatch(NOT_YOU);
    for (const { verb, permission, examples } of commands)
      for (const text of examples) {
        const words = text.replace(verb, '').trim();
        const needs = permissionOf(
          { permission },
          words.replace(/^(?:inc-|#)\d+\s*/, ''),
          bot().app.runbooks,
        );
        const by = { actor: entries.user('viewer'), channelId: entries.channel };
        const answer = await bot().dispatch({ text, receivedAt: bot().clock.now(), ...by });
        if (needs === 'read' || needs === 'paged') continue;
        expect([text, answer]).toEqual([
          text,
          { ...answer, refused: true, text: expect.stringContaining(`permissions.${needs}`) as unknown },
        ]);
      }
  });

  test('there is a button of each kind', () => {
    expect(SHOWN.map(({ actionId }) => actionId)).toEqual(BUTTONS);
  });

  test.each(SHOWN)('by the button $actionId', async (button) => {
    for (const name of ['viewer', 'mallory'])
      expect([name, await entries.press(name, button)]).toEqual([name, expect.stringMatching(NOT_YOU)]);
  });

  test('by a button that says a line', async () => {
    expect(await entries.press('viewer', LINE)).toMatch(NOT_YOU);
  });

  test('by a button that starts what may change a database: to respond is not enough', async () => {
    expect(await entries.press('support', DANGER)).toContain('`permissions.dangerous`');
  });

  test('by a shortcut: its form is refused, and the message is not marked', async () => {
    const on = { user: 'viewer', channel: entries.channel, ts: entries.message };
    expect(textsOf(await control('shortcuts', { ...on, callback_id: 'add_to_timeline' }))).toMatch(NOT_YOU);
    for (const [callback_id, where] of [
      ['declare_incident', { user: 'viewer' }],
      ['declare_from_message', on],
    ] as const) {
      await control('shortcuts', { ...where, callback_id });
      expect(await sent('viewer', { title: 'mail is late' })).toMatch(NOT_YOU);
    }
  });

  test.each(['viewer', 'mallory'])('by a mention of %s', async (name) => {
    await control('messages', { user: name, channel: 'general', text: '@firebreak inc-1 note I was here' });
    const told = await eventually(async () => {
      const { channels } = await entries.world.control<State>('GET', 'state');
      const general = channels.find((each) => each.name === 'general');
      return general?.ephemerals.find(({ to }) => to === entries.user(name));
    });
    expect(told.text).toMatch(NOT_YOU);
  });

  test('by a terminal: it approves nothing, settles nothing and erases nothing', async () => {
    const config = await folder.write('firebreak.yml', CONFIG);
    const env = { DATABASE_URL: entries.world.database.url };
    const lines = [
      'timeline inc-1 redact 1 a pasted password',
      `break-glass inc-1 1 ${PLAN_HASH} nobody answers`,
      'control inc-1 2.1 yes',
      'settle inc-1 1 2 happened I saw it',
    ];
    const step = (state: string): Promise<unknown> =>
      entries.world.store.query('update run_steps set state = $1 where run_id = 1 and index = 2', [state]);
    await step('unknown');
    const ended = await Promise.all(
      lines.map((line) => firebreak(['incident', ...line.split(' '), '--config', config], env)),
    );
    expect(ended.map(({ code, err }) => ({ code, err }))).toEqual(
      lines.map(() => ({ code: 1, err: expect.stringMatching(/permissions\.|a terminal/) as unknown })),
    );
    await step('pending');
  }, 30_000);
});

/** The header by which a sender says that it signs, where it may. */
const SIGNED: Readonly<Record<string, string>> = {
  '/alerts/generic': 'x-firebreak-signature',
  '/alerts/grafana': 'x-grafana-alerting-signature',
  '/alerts/pagerduty': 'x-pagerduty-signature',
  '/alerts/sentry': 'sentry-hook-signature',
  '/events/changes': 'x-hub-signature-256',
};

describe('a program without the secret', () => {
  let http: Receiver;
  let url: string;
  beforeAll(async () => {
    const secrets = Object.fromEntries(ENTRANCES.map((name) => [name, `of-${name}`]));
    http = createInward(
      { listen: { host: '127.0.0.1', port: 0 }, tokens: ['s3cret'], secrets },
      {
        app: bot().app,
        store: entries.world.store,
        sources: await loadAlertSources(),
        targets: ['shop'],
        vitals: { slack: () => ({ connected: true, last: undefined }), monitors: [], targets: () => [] },
        now: () => new Date(),
        log: silentLogger,
      },
    );
    url = await http.start();
  });
  afterAll(() => http.stop());
  afterEach(async () => {
    expect(await entries.kept()).toEqual(before);
  });

  test.each(['/healthz', '/readyz', '/metrics'])(
    'may read %s, and learns of no incident by it',
    async (path) => {
      const text = await (await fetch(`${url}${path}`)).text();
      expect(text).toContain(path === '/metrics' ? 'firebreak_incidents' : '"ok":true');
      const { store } = entries.world;
      const { rows } = await store.query<{ word: string }>(
        'select title as word from incidents union select channel_id from incidents union select declared_by from incidents',
      );
      expect(rows.length).toBeGreaterThan(2);
      for (const { word } of rows) expect(text).not.toContain(word);
    },
  );

  test.each([...ALERT_SOURCES.map((name) => `/alerts/${name}`), '/events/changes', '/events/errors'])(
    'by HTTP at %s',
    async (path) => {
      const strangers: readonly Readonly<Record<string, string>>[] = [
        {},
        { authorization: 'Bearer s3crets' },
        { authorization: 'Bearer of-another' },
        { authorization: 'Bearer of-nobody', 'x-forwarded-for': '127.0.0.1' },
        ...(SIGNED[path] ? [{ [SIGNED[path]]: 'sha256=00', 'x-github-event': 'push' }] : []),
      ];
      for (const headers of strangers) {
        const answer = await fetch(`${url}${path}?token=s3cret`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: JSON.stringify({ title: 'disk is full', target: 'shop', migrations: [] }),
        });
        expect([headers, answer.status, await answer.text()]).toEqual([
          headers,
          401,
          expect.stringContaining('"ok":false'),
        ]);
      }
    },
  );
});

describe('somebody whose right was taken away while the form was open', () => {
  beforeAll(async () => {
    // The form after `resolve` is of an incident that is over.
    await bot().declared('badges do not open', 'declare --anyway sev4');
  });
  afterEach(() => {
    const { permissions } = entries.bot.app.settings;
    expect(permissions.respond).toEqual([]);
    bot().permit(ALLOWED);
  });

  test.each(FORMS)('by the form %s', async (form) => {
    bot().permit(ALLOWED);
    const { line = '', values = {} } = FORM_LINES[form] ?? {};
    const { id } = await bot()
      .app.incidents({ state: 'open' }, 'firebreak')
      .then(([newest]) => newest ?? { id: 0 });
    const [verb = '', ...rest] = line.split(' ');
    const where = form === 'declare' ? line : [verb, `inc-${form === 'wrap-up' ? id : 1}`, ...rest].join(' ');
    await bot().type('oncall', where, 'general');
    const [view] = await viewsOf('oncall');
    expect(view?.callback_id).toBe(form);
    bot().permit({ declare: [], respond: [], dangerous: [] });
    const open = await entries.kept();
    expect(await sent('oncall', values)).toMatch(NOT_YOU);
    expect(await entries.kept()).toEqual(open);
  });
});

describe('a button that is older than how things stand now', () => {
  const pressed = async (name: string, actions: RegExp): Promise<readonly string[]> => {
    const buttons = SHOWN.filter(({ actionId }) => actions.test(actionId));
    const said: string[] = [];
    for (const button of buttons) said.push(await entries.press(name, button));
    return said;
  };

  test('of somebody whose right was taken away does nothing', async () => {
    bot().permit({ declare: [], respond: [], dangerous: [], approve: [] });
    // Who was paged may answer, whatever else they may do.
    for (const text of await pressed('dba', /^(?!page)/)) expect(text).toMatch(NOT_YOU);
    expect(await entries.kept()).toEqual(before);
  });

  test('of a private incident is unknown to who is not in it any more', async () => {
    bot().permit({ ...ALLOWED, approve: [entries.user('commander')] });
    await entries.world.store.query('update incidents set private = true where id = 1');
    const private_ = await entries.kept();
    for (const text of await pressed('commander', /^(approval|run|proposal:attach)/))
      expect(text).toMatch(/There is no (incident|run) [12]/);
    expect(await entries.press('commander', LINE)).toContain('There is no incident 1');
    expect(await entries.kept()).toEqual(private_);
    await entries.world.store.query('update incidents set private = false where id = 1');
  });

  test('of an incident that is over begins, approves and goes on with nothing', async () => {
    bot().permit({ ...ALLOWED, approve: [entries.user('dba')] });
    await entries.press('oncall', LINE);
    const over = await entries.kept();
    expect(over).not.toEqual(before);
    const said = await pressed('dba', /^(page|approval:approved|proposal:attach|run:(start|retry|skip|yes))/);
    expect(said).toHaveLength(9);
    for (const text of said) expect(text).toMatch(/:no_entry:.*(resolved|is not open)/);
    expect(await entries.press('dba', DANGER)).toMatch(/:no_entry:.*resolved/);
    expect(await entries.kept()).toEqual(over);
  });

  test('of what was decided since does nothing; what it was for was done once', async () => {
    bot().permit({ ...ALLOWED, approve: [entries.user('dba')] });
    expect(await pressed('dba', /^approval:refused/)).toEqual(['']);
    const decided = await entries.kept();
    expect(decided).not.toEqual(before);
    expect((await bot().app.run(1))?.state).toBe('cancelled');
    expect(await pressed('dba', /^approval/)).toEqual([
      expect.stringContaining('refused'),
      expect.stringContaining('refused'),
    ]);
    expect(await pressed('dba', /^run:cancel/)).toEqual([expect.stringContaining(':no_entry:')]);
    expect(await entries.kept()).toEqual(decided);
  });
});

interface State {
  readonly channels: readonly { name: string; ephemerals: readonly { to: string; text: string }[] }[];
}

interface View {
  readonly id: string;
  readonly callback_id: string;
}

const viewsOf = async (name: string): Promise<readonly View[]> =>
  (await entries.world.control<{ views: readonly View[] }>('GET', `state?as=${name}`)).views;

/** Sends off the form that is open, closes it, and answers what it said at its fields. */
async function sent(user: string, values: object): Promise<string> {
  const [view] = await eventually(async () => {
    const all = await viewsOf(user);
    return all.length > 0 && all;
  });
  const { responses } = await control<{ responses: readonly { errors?: object }[] }>('views/submit', {
    user,
    view_id: view?.id,
    values,
  });
  await control('views/close', { user, view_id: view?.id });
  return JSON.stringify(responses.flatMap(({ errors }) => errors ?? []));
}

const CONFIG = `
slack: { incidents_channel: C0123456789 }
permissions: { approve: [U00000000DBA], break_glass: [U00000000DBA] }
targets:
  shop: { diag_url_env: SHOP_DIAG_URL }
`;
