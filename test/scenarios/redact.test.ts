/** A password in the whole bot: said, told to all, exported, erased; then looked for in store, log and Slack. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { loadConfig } from '../../src/config.ts';
import { createLogger } from '../../src/log.ts';
import { type Running, startFirebreak } from '../../src/main.ts';
import { loadIncident } from '../../src/store/incidents.ts';
import { type Answered, openWorld, type World } from '../slack/support.ts';
import { eventually } from '../support/eventually.ts';
import { placesOf } from '../support/search-store.ts';

const SECRET = 'hunter2-Xyz9';

let world: World;
let bot: Running;
let folder: string;
let log = '';

beforeAll(async () => {
  world = await openWorld();
  folder = await mkdtemp(join(tmpdir(), 'firebreak-redact-'));
  const { users, channels, botToken, appToken, url } = world.slack;
  const config = join(folder, 'firebreak.yml');
  await writeFile(
    config,
    stringify({
      slack: { incidents_channel: channels['incidents'], stakeholder_channel: channels['general'] },
      http: { listen: '127.0.0.1:0' },
      permissions: { redact: [users['dba']] },
    }),
  );
  const env = {
    SLACK_BOT_TOKEN: botToken,
    SLACK_APP_TOKEN: appToken,
    SLACK_API_URL: `${url}/api/`,
    DATABASE_URL: world.database.url,
    FIREBREAK_TOKEN: 'token',
  };
  const destination = new PassThrough();
  destination.on('data', (line) => (log += String(line)));
  bot = await startFirebreak(loadConfig(config, env), { log: createLogger({ level: 'debug', destination }) });
}, 30_000);
afterAll(async () => {
  await bot.close();
  await rm(folder, { recursive: true });
  await world.close();
});

const say = (text: string, user = 'oncall', channel = 'incidents') =>
  world.control<Answered>('POST', 'commands', { user, channel, text: `/incident ${text}` });
/** What everybody sees; an answer to one person alone is on their screen only, until Slack is loaded anew. */
async function shown(): Promise<string> {
  const { channels } = await world.control<{
    channels: { name: string; topic: unknown; messages: unknown[] }[];
  }>('GET', 'state');
  return JSON.stringify(channels.map(({ name, topic, messages }) => ({ name, topic, messages })));
}
/** All that waits for Slack has been sent. */
const quiet = () =>
  eventually(
    async () => {
      const { rows } = await world.store.query<{ n: number }>(
        `select count(*) as n from outbox where state = 'pending'`,
      );
      return rows[0]?.n === 0 ? true : undefined;
    },
    { within: 20_000 },
  );

test('a password that was said is erased from the store, the log, and what the bot shows in Slack', async () => {
  await say('declare sev2 order status page is down');
  for (const line of [
    `update inc-1 we now use ${SECRET} there`,
    `impact inc-1 the page shows we now use ${SECRET} there`,
    `noet inc-1 we now use ${SECRET} there`,
    `cause inc-1 we now use ${SECRET} there`,
  ])
    await say(line);
  await quiet();
  expect(await shown()).toContain(SECRET);
  const { responses } = await say('timeline inc-1 redact 2 a pasted password', 'dba');
  expect(responses[0]?.text).toMatch(/Entries 2, 3, 4 redacted.*being changed: \d messages/s);
  await quiet();
  expect(await placesOf(world.store, SECRET)).toEqual([]);
  expect(log).not.toContain(SECRET);
  await eventually(async () => ((await shown()).includes(SECRET) ? undefined : true), { within: 10_000 });
  expect(await shown()).toContain('*Update* by');
  const { rows } = await world.store.query(`select from outbox where state = 'refused'`);
  expect(rows).toHaveLength(0);
}, 60_000);

test('a form picks what the export leaves out, with the rights of who submits it', async () => {
  await say('timeline inc-1 pick', 'support');
  const { views } = await world.control<{ views: { id: string; blocks: { block_id: string }[] }[] }>(
    'GET',
    'state?as=support',
  );
  const [view] = views;
  const menu = view?.blocks.find(({ block_id: id }) => id.startsWith('out-'))?.block_id ?? '';
  expect(menu).toBe('out-1-5');
  await world.control('POST', 'views/submit', {
    user: 'support',
    view_id: view?.id,
    values: { [menu]: ['2', '4'] },
  });
  expect((await loadIncident(world.store, 1))?.leftOut).toEqual([2, 4]);
});
