/** A private incident with a canary in every text: each verb there is, each view and each export, by who is no member. */
import { readdirSync } from 'node:fs';
import type { Command } from '../../src/app/command.ts';
import { loadCommands } from '../../src/app/load-commands.ts';
import { type Folder, firebreak, temporaryFolder } from '../cli/support.ts';
import { type Firebreak, startFirebreak } from '../slack/firebreak.ts';
import { openWorld, type World } from '../slack/support.ts';

const CANARY = 'canary-7c41';
const NOTHING = /canary-7c41|canary_7c41/i;
/** The private one. */
const SECRET = 1;

const verbs = readdirSync(new URL('../../commands', import.meta.url)).map((file) =>
  file.replace(/\.ts$/, ''),
);

let commands: readonly Command[];

let world: World;
let bot: Firebreak;
let folder: Folder;
/** Of the private incident, and of a public one beside it. */
let channel: string;
let open: string;
let before: unknown;
let guests: readonly { readonly id: string }[];
const user = (name: string): string => world.slack.users[name] ?? '';

beforeAll(async () => {
  world = await openWorld();
  folder = await temporaryFolder();
  guests = await Promise.all(
    (['guest', 'foreign'] as const).map((kind) =>
      world.control<{ id: string }>('POST', 'users', { name: `a-${kind}`, kind }),
    ),
  );
  commands = await loadCommands();
  bot = await startFirebreak(world);
  ({ channel } = await bot.declared(
    `${CANARY} signing keys leaked through laptop`,
    'declare --private sev1',
  ));
  ({ channel: open } = await bot.declared('search is slow', 'declare sev2'));
  await fill();
  before = await stateOfSecret();
}, 30_000);
afterAll(async () => {
  await bot.stop();
  await world.close();
  await folder.remove();
});

const say = (actor: string, text: string, channelId?: string) =>
  bot.dispatch({ text, actor, receivedAt: bot.clock.now(), ...(channelId ? { channelId } : {}) });

/** All that can be said of one, by a member of it; and an alert that was attached to it. */
async function fill(): Promise<void> {
  const key = 'sha256:1';
  const alert = {
    source: 'generic',
    fingerprint: 'f',
    state: 'firing',
    title: 'disk is full',
    labels: {},
  } as const;
  await bot.app.alertsArrived({ source: 'generic', key, hasId: false, alerts: [alert] });
  for (const line of [
    `note ${CANARY}`,
    `update ${CANARY}`,
    `impact ${CANARY}`,
    `cause ${CANARY}`,
    `summary ${CANARY}`,
    `action ${CANARY}`,
    'lead',
    'attach proposal:1',
  ])
    expect((await say(user('oncall'), line, channel)).refused ?? false).toBe(false);
  await bot.settled();
}

async function stateOfSecret() {
  const record = await bot.app.record(SECRET);
  return { status: record?.incident.status, title: record?.incident.title, entries: record?.timeline.length };
}

/** What somebody may type to find out: the verb alone, its examples, and each of the incident by its number. */
const linesOf = (verb: string): readonly string[] => {
  const examples = commands.find((each) => each.verb === verb)?.examples ?? [];
  const named = [verb, ...examples].map((line) =>
    line.replace(/ (?:inc-|#)\d+\b/, '').replace(verb, `${verb} inc-${SECRET}`),
  );
  return [...new Set([verb, `${verb} inc-${SECRET}`, ...examples, ...named])];
};

describe('of a private incident nobody learns, and in it nobody acts', () => {
  beforeEach(async () => {
    // A minute's worth of questions is free again: an answer that Slack did not give would hide it, too.
    await world.control('POST', 'clock', { advance_ms: 61_000 });
    expect([
      await bot.app.isVisible(SECRET, user('oncall')),
      await bot.app.isVisible(SECRET, user('dba')),
    ]).toEqual([true, false]);
  });
  afterAll(async () => {
    await bot.settled();
    expect(await stateOfSecret()).toEqual(before);
  });

  test.each(verbs)('by `%s`', async (verb) => {
    for (const line of linesOf(verb))
      expect([line, JSON.stringify(await say(user('dba'), line, open))]).toEqual([
        line,
        expect.not.stringMatching(new RegExp(`${NOTHING.source}|${channel}`, 'i')),
      ]);
    for (const actor of [user('viewer'), ...guests.map(({ id }) => id), 'UNOBODY000', 'terminal:root@db'])
      expect(JSON.stringify(await say(actor, `${verb} inc-${SECRET}`))).not.toMatch(NOTHING);
  });

  test('by declaring the same, or a line that is nearly one', async () => {
    for (const line of [
      'declare sev1 signing keys leaked through laptop',
      'lsit all',
      'inc-1',
      '#1',
      'staus inc-1',
    ])
      expect(JSON.stringify(await say(user('dba'), line))).not.toMatch(NOTHING);
  });

  test.each(['dba', 'viewer', 'support'])('in the App Home of %s', async (name) => {
    const home = JSON.stringify(await world.control('POST', 'home', { user: name }));
    expect(home).toContain('order status page is down');
    expect(home).not.toMatch(NOTHING);
  });

  test('in figures, lists, what alerts may be attached to, or by its proposal', async () => {
    const year = { from: new Date('2000-01-01'), to: new Date('2100-01-01') };
    const seen = [
      await bot.app.figures(year, user('dba')),
      await bot.app.incidents({ state: 'all' }, user('dba')),
      await bot.app.attachable(),
      await bot.app.health(),
    ];
    expect(JSON.stringify(seen)).not.toMatch(NOTHING);
    expect(JSON.stringify(await bot.app.incidents({ state: 'all' }, user('oncall')))).toMatch(NOTHING);
    const told = (await world.messages('incidents')).map((message) => JSON.stringify(message));
    const attached = told.filter((message) => message.includes('disk is full'));
    expect(attached).toEqual([expect.stringContaining('It is being looked into.')]);
    expect(attached[0]).not.toMatch(/incident 1\b|inc-1\b/);
  });

  test('in any channel, topic, bookmark or direct message of others', async () => {
    await bot.settled();
    const { channels } = await world.control<{ channels: { id: string; member_names: string[] }[] }>(
      'GET',
      'state',
    );
    const others = channels.filter(
      ({ id, member_names: names }) => id !== channel && !names.includes('oncall'),
    );
    const all = channels.filter(({ id }) => id === world.slack.channels['incidents'] || id === open);
    expect(JSON.stringify([...others, ...all])).not.toMatch(NOTHING);
  });

  test('by a terminal that does not ask for it', async () => {
    const config = await folder.write('firebreak.yml', 'slack: { incidents_channel: C0123456789 }\n');
    const env = { DATABASE_URL: world.database.url, SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1' };
    const ended = await Promise.all(
      [
        ['export', '1', '--format', 'json'],
        ['stats', '--json'],
        ['incident', 'list', 'all'],
      ].map((args) => firebreak([...args, '--config', config], env)),
    );
    expect(ended.map(({ out, err }) => out + err).join('\n')).not.toMatch(NOTHING);
    expect(ended.map(({ code }) => code)).toEqual([1, 0, 0]);
  }, 30_000);
});
