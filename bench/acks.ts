/** How long somebody who types a command waits for its ack, at 200 commands a second. */
import pg from 'pg';
import { botsFrom } from '../test/scenarios/bot.ts';
import { startChild } from './child.ts';
import type { Bench, Figure } from './figure.ts';
import { percentile } from './percentiles.ts';
import { atRate } from './schedule.ts';
import { declare, inWorld, RESPONDERS, type World } from './world.ts';

const PER_SECOND = 200;
const SECONDS = 10;
const WARM_SECONDS = 5;
const ROUNDS = 2;
const INCIDENTS = 8;

export const acks: Bench = {
  name: 'ack',
  title: 'The ack of a command',
  about: `${PER_SECOND} notes a second are typed in ${INCIDENTS} incidents, each when it is due whether or not those before were
answered, and are timed from then until Slack shows the ack, which says that the note is committed. Before it
Firebreak asks Slack who types. It is compared, in turns of ${SECONDS} s on the same machine, to a Bolt app that acks with a word and keeps
nothing, plus a client of PostgreSQL that commits one row, both at the same rate. The slowest hundredth are those that meet a
full garbage collection, of the bot or of the local Slack, which remembers all that was typed, while all share two cores.`,
  measure: () => inWorld(inTurns),
};

type Sample = (seconds: number) => Promise<readonly number[]>;

async function inTurns(world: World): Promise<readonly Figure[]> {
  const samples = { echo: await echoing(world), commit: await committing(world), bot: await noting(world) };
  const all: Record<keyof typeof samples, number[]> = { echo: [], commit: [], bot: [] };
  for (const sample of Object.values(samples)) await sample(WARM_SECONDS);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, sample] of Object.entries(samples))
      all[name as keyof typeof samples].push(...(await sample(SECONDS)));
  }
  return [50, 99].map((percent) => figureOf(percent, all.echo, all.commit, all.bot));
}

function figureOf(
  percent: number,
  echo: readonly number[],
  commit: readonly number[],
  bot: readonly number[],
): Figure {
  const parts = [percentile(echo, percent), percentile(commit, percent)] as const;
  return {
    name: `ack p${percent}`,
    value: percentile(bot, percent),
    unit: 'ms',
    against: { value: parts[0] + parts[1], what: 'for the bare echo plus the commit of a row' },
    note: `echo ${parts[0].toFixed(1)} ms, commit ${parts[1].toFixed(1)} ms, ${bot.length} commands`,
    ...(percent === 99
      ? {
          goals: [
            { of: 'ratio', is: 'at most', limit: 2 },
            { of: 'value', is: 'at most', limit: 100 },
          ],
        }
      : {}),
  };
}

async function echoing(world: World): Promise<Sample> {
  const slack = await world.slack(0);
  const { botToken, appToken, url } = slack;
  const env = { SLACK_BOT_TOKEN: botToken, SLACK_APP_TOKEN: appToken, SLACK_API_URL: `${url}/api/` };
  const echo = startChild('echo-child', { env });
  world.onClose(() => echo.close());
  await echo.ask('open');
  return (seconds) =>
    slack.load({ ...typing(seconds), channels: ['incidents'], text: '/incident note', expected: 'Heard.' });
}

async function noting(world: World): Promise<Sample> {
  const slack = await world.slack(0);
  const { file, env, store } = await world.configure(slack);
  const bots = botsFrom(file, env);
  world.onClose(() => bots.close());
  await bots.start();
  const channels: string[] = [];
  while (channels.length < INCIDENTS)
    channels.push(await declare(slack, store, `sev3 --anyway incident number ${channels.length + 1}`));
  return (seconds) =>
    slack.load({ ...typing(seconds), channels, text: '/incident note observation', expected: 'Noted.' });
}

const typing = (seconds: number) => ({ perSecond: PER_SECOND, seconds, user: RESPONDERS });

/** As large as a command is in the inbox. */
async function committing(world: World): Promise<Sample> {
  const pool = new pg.Pool({ connectionString: await world.database('bare'), max: 3 });
  world.onClose(() => pool.end());
  await pool.query(
    'create table deliveries (key text primary key, payload jsonb not null, received_at timestamptz)',
  );
  const payload = JSON.stringify({ command: '/incident', text: 'x'.repeat(600) });
  let sent = 0;
  return (seconds) =>
    atRate({ perSecond: PER_SECOND, seconds }, () =>
      pool.query('insert into deliveries (key, payload, received_at) values ($1, $2, $3)', [
        `command:${(sent += 1)}`,
        payload,
        new Date(),
      ]),
    );
}
