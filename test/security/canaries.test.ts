/** A canary for every secret there is, an incident in which much fails, and then none of them in anything written. */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { stringify } from 'yaml';
import { streamExport } from '../../src/app/report.ts';
import { ENTRANCES } from '../../src/domain/entrances.ts';
import { backUp } from '../../src/store/backup.ts';
import { openStore } from '../../src/store/store.ts';
import { type Receiver, startReceiver } from '../paging/support.ts';
import { type BotProcess, type Bots, botsFrom } from '../scenarios/bot.ts';
import { type Answered, openWorld, type World } from '../slack/support.ts';
import { eventually } from '../support/eventually.ts';
import { placesOf } from '../support/search-store.ts';

/** What no pattern of the log knows by its look, and a URL has to write otherwise. */
const canary = (name: string): string => `${name}/${randomBytes(8).toString('hex')}+"x`;
/** Fit for a header. */
const token = (name: string): string => `${name}.${randomBytes(8).toString('hex')}`;

const ROLE = `canary_${randomBytes(4).toString('hex')}`;
const PASTED = 'password=Tr0ub4dor-canary-Zq';
const urls = { store: canary('store'), diag: canary('diag'), act: canary('act'), ddl: canary('ddl') };
const entrances = Object.fromEntries(ENTRANCES.map((name) => [`${name.toUpperCase()}_KEY`, token(name)]));
const keys = {
  FIREBREAK_TOKEN: token('firebreak'),
  ROUTING_KEY: token('routing'),
  PAGERDUTY_TOKEN: token('pagerduty-rest'),
  WEBHOOK_SECRET: canary('webhook'),
  GITHUB_TOKEN: token('github-token'),
  DEPLOY_TOKEN: token('deploy'),
  UNUSED_TOKEN: canary('unused'),
};
/** What somebody who may not in sent as a token: it may be good elsewhere. */
const WRONG = token('wrong');

let world: World;
let outside: Receiver;
let bots: Bots;
let bot: BotProcess;
/** All that was written, by where. */
const written: Record<string, string> = {};

beforeAll(async () => {
  world = await openWorld();
  await world.store.query(`create role ${ROLE} login superuser password '${urls.store}'`);
  outside = await startReceiver();
  // It shows what it was sent, as debug pages do, also where no pattern knows a secret by what is around it.
  outside.answer((response) => {
    const heard = outside.received.at(-1);
    const bare = heard?.headers.authorization?.split(' ').at(-1);
    response.writeHead(heard?.path === '/runbook' ? 200 : 400, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ message: `${bare ?? ''} ${heard?.body ?? ''}`, errors: [bare, heard] }));
  });
  const dir = await mkdtemp(join(tmpdir(), 'firebreak-canaries-'));
  await mkdir(join(dir, 'runbooks'));
  await writeFile(join(dir, 'firebreak.yml'), stringify(configuration()));
  await writeFile(join(dir, 'runbooks', 'ask.yml'), stringify(runbook()));
  bots = botsFrom(join(dir, 'firebreak.yml'), environment());
  bot = await bots.start();
}, 60_000);

afterAll(async () => {
  await bots.close();
  await rm(bots.dir, { recursive: true });
  await outside.close();
  const { url } = world.database;
  await world.close();
  const server = openStore(Object.assign(new URL(url), { pathname: '/postgres' }).href);
  await server.query(`drop role ${ROLE}`);
  await server.close();
});

test('an incident goes wrong in every way that holds a secret', async () => {
  for (const name of ['alerts/generic', 'alerts/grafana', 'changes', 'events/errors', 'github'])
    await post(name, `Bearer ${WRONG}`);
  await post('alerts/generic', `Bearer ${keys.FIREBREAK_TOKEN}`);
  // As a person writes it who has no field for headers.
  await post(`alerts/generic?token=${keys.FIREBREAK_TOKEN}`, '');
  await post(`alerts/${keys.FIREBREAK_TOKEN}`, '');
  await post('alerts/datadog', `Bearer ${entrances['DATADOG_KEY'] ?? ''}`);
  expect(await say('declare sev2 order status page is down for orders')).toContain('Incident 1');
  await say(`update inc-1 now with ${PASTED} there`);
  await say('db inc-1 shop');
  await say('db inc-1 far');
  expect(await say('run inc-1 ask target=shop')).toMatch(/^Run \d started/);
  await say('escalate inc-1 database it is down');
  await say('action inc-1 add test migrations on a copy');
  const sent = (): boolean => [/runbook/, /enqueue/, /hook/, /issues/].every(sentTo);
  await eventually(sent, { within: 15_000 });
  await eventually(() => /password authentication failed for user/.test(bot.said()), { within: 15_000 });
  await eventually(async () => (await runStates()).every((it) => /done|failed/.test(it)), { within: 15_000 });
  expect(await say('timeline inc-1 redact 2 it was pasted')).toContain('redacted');
  await eventually(async () => !(await shown()).includes(PASTED), { within: 15_000 });
}, 60_000);

test('the secrets were used, and the failures happened', () => {
  const heard = JSON.stringify(outside.received);
  for (const key of [keys.ROUTING_KEY, keys.PAGERDUTY_TOKEN, keys.GITHUB_TOKEN, keys.DEPLOY_TOKEN])
    expect(heard).toContain(key);
  expect(bot.said()).toMatch(/ECONNREFUSED/);
});

test('none of them is in what was written', async () => {
  const { slack, store } = world;
  written['/metrics'] = await (await fetch(`${bot.url}/metrics`)).text();
  written['/readyz'] = await (await fetch(`${bot.url}/readyz`)).text();
  written['what Slack shows'] = await shown();
  for (const format of ['md', 'json'] as const) written[`export ${format}`] = await exported(format);
  await bot.stop();
  written['what the process said'] = bot.said();
  const backup = join(bots.dir, 'store.backup');
  await backUp(store, backup, new Date());
  written['a backup'] = gunzipSync(await readFile(backup)).toString();
  expect(written['a backup']).toContain('order status page is down');
  for (const file of await readdir(bots.dir, { recursive: true, withFileTypes: true }))
    if (file.isFile())
      written[`its folder: ${file.name}`] = await readFile(join(file.parentPath, file.name), 'utf8');
  const canaries = [
    ...[slack.botToken, slack.appToken, slack.signingSecret, WRONG, PASTED.replace('password=', '')],
    ...[...Object.values(urls), ...Object.values(keys), ...Object.values(entrances), `${outside.url}/hook`],
  ];
  expect(placesIn(ROLE)).not.toContain('what the process said');
  for (const secret of canaries)
    expect([secret, [...placesIn(secret), ...(await placesOf(store, secret))]]).toEqual([secret, []]);
});

/** As it is, as a URL has it, and as JSON has it. */
const placesIn = (secret: string): readonly string[] =>
  Object.entries(written).flatMap(([place, text]) =>
    [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)].some((it) => text.includes(it))
      ? [place]
      : [],
  );

async function say(text: string): Promise<string> {
  const { responses } = await world.control<Answered>('POST', 'commands', {
    user: 'dba',
    channel: 'incidents',
    text: `/incident ${text}`,
  });
  return responses.map((each) => each.text ?? '').join('\n');
}

async function post(path: string, authorization: string): Promise<void> {
  const answer = await fetch(`${bot.url}/${path}`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ unknown: 1 }),
  });
  await answer.arrayBuffer();
  expect(answer.status).toBeGreaterThanOrEqual(400);
}

const sentTo = (path: RegExp): boolean => outside.received.some((it) => path.test(it.path));

const runStates = async (): Promise<readonly string[]> =>
  (await world.store.query<{ state: string }>('select state from runs')).rows.map(({ state }) => state);

const shown = async (): Promise<string> => JSON.stringify(await world.control('GET', 'state'));

async function exported(format: 'md' | 'json'): Promise<string> {
  let text = '';
  const wish = { format, generatedBy: 'a test', showSql: (sql: string) => Promise.resolve(sql) };
  await streamExport(world.store, 1, wish, (chunk) => Promise.resolve(void (text += chunk)));
  expect(text).toContain('order status page is down');
  return text;
}

function configuration(): object {
  const { users, channels } = world.slack;
  return {
    slack: { incidents_channel: channels['incidents'] },
    http: {
      listen: '127.0.0.1:0',
      tokens: Object.fromEntries(ENTRANCES.map((name) => [name, `${name.toUpperCase()}_KEY`])),
    },
    targets: {
      shop: { diag_url_env: 'SHOP_DIAG_URL', act_url_env: 'SHOP_ACT_URL', ddl_url_env: 'SHOP_DDL_URL' },
      far: { diag_url_env: 'FAR_DIAG_URL' },
    },
    teams: {
      database: {
        on_call: [users['oncall'], 'pagerduty:PSCHED1'],
        pagerduty: { routing_key_env: 'ROUTING_KEY' },
        webhook: { url_env: 'WEBHOOK_URL', secret_env: 'WEBHOOK_SECRET' },
      },
    },
    pagerduty: { token_env: 'PAGERDUTY_TOKEN' },
    tracker: { github: { repo: 'acme/shop' } },
    secrets: ['DEPLOY_TOKEN', 'UNUSED_TOKEN'],
    permissions: { redact: [users['dba']] },
  };
}

const runbook = (): object => ({
  name: 'ask',
  title: 'Ask',
  summary: 'Ask a page that shows what it was asked with.',
  steps: [{ name: 'ask', kind: 'http', with: { url: `${outside.url}/runbook`, bearer: 'DEPLOY_TOKEN' } }],
});

function environment(): NodeJS.ProcessEnv {
  const { slack, database } = world;
  const far = (password: string): string => `postgres://far:${encodeURIComponent(password)}@127.0.0.1:1/shop`;
  return {
    LOG_LEVEL: 'debug',
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_APP_TOKEN: slack.appToken,
    SLACK_SIGNING_SECRET: slack.signingSecret,
    SLACK_API_URL: `${slack.url}/api/`,
    DATABASE_URL: database.urlAs(ROLE, urls.store),
    SHOP_DIAG_URL: database.urlAs(ROLE, urls.diag),
    // A password that is the role's name: the log cannot tell one from the other.
    SHOP_ACT_URL: database.urlAs(ROLE, ROLE),
    SHOP_DDL_URL: far(urls.ddl),
    FAR_DIAG_URL: far(urls.act),
    WEBHOOK_URL: `${outside.url}/hook`,
    PAGERDUTY_EVENTS_URL: outside.url,
    PAGERDUTY_API_URL: outside.url,
    GITHUB_API_URL: outside.url,
    ...keys,
    ...entrances,
  };
}
