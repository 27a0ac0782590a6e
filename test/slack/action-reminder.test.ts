/** A reminder of an action item, from the line that adds it to the click that ends it: real app, Bolt, Slack and store. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createApp } from '../../src/app/create.ts';
import { createDispatch } from '../../src/app/dispatch.ts';
import { loadCommands } from '../../src/app/load-commands.ts';
import type { ActionItem, Incident } from '../../src/domain/incident.ts';
import { assembleJobs, type Jobs } from '../../src/jobs/assemble.ts';
import { advanceableClock } from '../../src/jobs/clock.ts';
import { silentLogger } from '../../src/log.ts';
import type { Slack } from '../../src/slack/bolt.ts';
import { createDirectory } from '../../src/slack/directory.ts';
import { createPerform } from '../../src/slack/perform.ts';
import { createReader } from '../../src/slack/reader.ts';
import { actionReminder } from '../../src/slack/views/action-reminder.ts';
import { testSettings } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { type Answered, anIncident, openWorld, startBot, type World } from './support.ts';

let world: World;
let bot: Slack;
let jobs: Jobs;
const clock = advanceableClock();
const now = (): Date => clock.now();
const nobody = undefined;

beforeAll(async () => {
  world = await openWorld();
  const { client, identity, store, slack } = world;
  const directory = createDirectory(client, identity);
  const permissions = {
    declare: nobody,
    respond: nobody,
    dangerous: nobody,
    approve: nobody,
    private: nobody,
  };
  const settings = testSettings({
    incidentsChannel: slack.channels['incidents'] ?? '',
    permissions,
    teams: {},
  });
  const app = createApp({ store, settings, directory, now, runbooks: new Map(), generatedBy: 'test' });
  const dispatch = createDispatch({ app, directory, commands: await loadCommands() });
  bot = await startBot(world, { app, dispatch, now });
  jobs = assembleJobs({
    store,
    clock,
    log: silentLogger,
    app,
    perform: createPerform({ client, identity, store, app, log: silentLogger, now }),
    sweep: () => Promise.resolve(),
    page: () => Promise.resolve({ kind: 'sent' }),
    track: () => Promise.resolve({ kind: 'sent' }),
    directory,
    reader: createReader(client, identity),
    connected: () => bot.connected(),
    replay: { isDue: () => false, work: () => Promise.resolve() },
    watched: [],
    history: () => Promise.resolve(undefined),
    journals: new Map(),
    runs: { name: 'runs', due: () => Promise.resolve([]), work: () => Promise.resolve() },
  });
  jobs.start();
});
afterAll(async () => {
  await jobs.stop();
  await bot.stop();
  await world.close();
});

interface Shown {
  readonly ts: string;
  readonly text: string;
  readonly blocks?: readonly {
    readonly elements?: readonly { readonly action_id?: string; readonly text?: { readonly text: string } }[];
  }[];
}
interface Conversation {
  readonly id: string;
  readonly name: string;
  readonly is_im: boolean;
  readonly messages: readonly Shown[];
}

const type = (text: string): Promise<Answered> =>
  world.control('POST', 'commands', { user: 'oncall', channel: 'general', text: `/incident ${text}` });
/** What the dba reads in direct messages that matches. */
async function direct(pattern: RegExp): Promise<(Shown & { readonly channel: string }) | undefined> {
  const { channels } = await world.control<{ channels: readonly Conversation[] }>('GET', 'state?as=dba');
  return channels
    .filter((each) => each.is_im)
    .flatMap(({ id: channel, messages }) => messages.map((each) => ({ ...each, channel })))
    .findLast(({ text }) => pattern.test(text));
}
const labelsOf = ({ blocks = [] }: Shown): readonly string[] =>
  blocks.flatMap(({ elements = [] }) => elements.flatMap(({ text }) => text?.text ?? []));

test('a reminder reaches its owner by direct message, and its buttons move the deadline and finish the item', async () => {
  const day = (ahead: number): string =>
    new Date(clock.now().getTime() + ahead * 86_400_000).toISOString().slice(0, 10);
  await type('declare sev5 it is down');
  await type(`action inc-1 add test migrations <@${world.slack.users['dba'] ?? ''}|dba> by ${day(2)}`);
  await eventually(() => direct(/gave you action item 1 of inc-1 \(it is down\): test migrations/));

  const nine = new Date(`${day(1)}T09:00:00Z`).getTime();
  clock.advance(nine - clock.now().getTime() - 60_000);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(await direct(/Due tomorrow/)).toBeUndefined();
  clock.advance(61_000);
  const said = await eventually(() => direct(/Due tomorrow, .*Action item 1 of inc-1 \(it is down\)/));
  expect(labelsOf(said)).toEqual(['Done', 'Move by a week']);

  const press = (place: { channel: string; ts: string }, action_id: string) =>
    world.control<Answered>('POST', 'actions', {
      user: 'dba',
      channel: place.channel,
      ts: place.ts,
      action_id,
    });
  await press(said, 'say:1');
  const moved = await eventually(async () => {
    const found = await direct(/Action item 1 of inc-1/);
    return found && labelsOf(found).length === 0 && found;
  });
  expect(moved.ts).toBe(said.ts);
  expect(JSON.stringify(moved.blocks)).toContain('Now: ');

  clock.advance(10 * 86_400_000);
  const late = await eventually(() => direct(/Overdue by \d days?/));
  await press(late, 'say:0');
  await eventually(async () => {
    const { rows } = await world.store.query<{ done: boolean }>('select done from action_items');
    return rows[0]?.done;
  });
  await eventually(async () => {
    const found = await direct(/Action item 1 of inc-1/);
    return found?.ts === late.ts && JSON.stringify(found.blocks).includes('Done.');
  });
});

const item = (change: Partial<ActionItem> = {}): ActionItem => ({
  number: 1,
  text: 'test migrations <!channel>',
  owner: 'U00000000DBA',
  due: '2026-06-30',
  done: false,
  createdBy: 'U0000ONCALL',
  reminder: { on: '2026-06-29', to: 'U00000000DBA' },
  ...change,
});
const shown = (one: ActionItem, incident: Partial<Incident> = {}, on = '2026-06-29'): string =>
  JSON.stringify(actionReminder(anIncident({ ...incident, actionItems: [one] }), 1, on));

test('of a private incident a reminder names the task and nothing else', () => {
  expect(shown(item())).toContain('Order status page is down');
  expect(shown(item(), { private: true })).not.toContain('Order status');
  expect(shown(item(), { private: true })).toContain('test migrations &lt;!channel&gt;');
});

test('without an owner a reminder offers to take the item', () => {
  const { owner: _, ...nobodys } = item();
  expect(shown(nobodys)).toContain('action inc-7 assign 1 me');
  expect(shown(item())).not.toContain('assign');
});

test('moving by a week counts from the deadline, or from the reminder when that was later', () => {
  expect(shown(item())).toContain('action inc-7 due 1 2026-07-07');
  expect(shown(item({ reminder: { on: '2026-07-15' } }), {}, '2026-07-15')).toContain(
    'action inc-7 due 1 2026-07-22',
  );
});

test('an older reminder, and one of what is done, has no buttons', () => {
  for (const over of [item({ done: true }), item({ reminder: { on: '2026-07-01' } })])
    expect(shown(over)).not.toContain('"actions"');
});
