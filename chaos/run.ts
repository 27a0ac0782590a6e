/** Plays the plan of a seed: a local Slack, bots, people and faults; afterwards what the oracle needs is collected. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type LocalSlack, startLocalSlack } from '../sandbox/server/main.ts';
import { PACKAGE_ROOT } from '../src/version.ts';
import { openBalancer } from '../test/support/balancer.ts';
import { type Bots, botsOf } from './bots.ts';
import { breaker } from './breaker.ts';
import { collect } from './facts.ts';
import { type Ground, type Place, sql } from './ground.ts';
import { type Facts, violations } from './oracle.ts';
import { newcomer, type People, peopleOf } from './people.ts';
import { perform, tooLate } from './perform.ts';
import { AGAIN, LATECOMER, LEVEL_WAIT_MS, type Plan, ROSTER } from './plan.ts';
import { settled } from './settle.ts';

export interface Scene {
  readonly plan: Plan;
  readonly place: Place;
  readonly slack: LocalSlack;
  readonly people: People;
  readonly bots: Bots;
  /** Notes what happens, for whoever reads about a seed that failed. */
  readonly tell: (what: string) => void;
}

export interface Outcome {
  readonly violations: readonly string[];
  readonly facts: Facts;
}

/** All clocks go so much faster than time, while people are at work. */
const EVERY_MS = 200;
const AHEAD_MS = 600;
/** A look at what is under way in the inbox waits so long. */
const AFTER_MS = 21_000;
/** What is dangerous is not done so long after it was said. */
const EXPIRED_MS = 70_000;

/** `program` has the code that runs, in its folder `dist`; what the bot keeps and logs goes into `dir`. */
export async function runPlan(plan: Plan, ground: Ground, program: string, dir: string): Promise<Outcome> {
  await mkdir(join(dir, 'runbooks'), { recursive: true });
  const place = await ground.clone();
  const slack = await startLocalSlack({ manifestPath: join(PACKAGE_ROOT, 'manifest.yml'), quietMs: 40 });
  const lines: string[] = [];
  const begun = Date.now();
  const tell = (what: string): void => void lines.push(`${String(Date.now() - begun).padStart(6)} ${what}`);
  const people = peopleOf(slack.url, tell);
  const config = join(dir, 'firebreak.yml');
  await writeFile(config, stringify(await configuration(slack, plan, people)));
  await writeFile(join(dir, 'runbooks', 'chaos-effect.yml'), RUNBOOK);
  await writeFile(join(dir, 'plan.json'), `${JSON.stringify(plan, undefined, 1)}\n`);
  const balancer = plan.mode === 'http' ? await openBalancer() : undefined;
  if (balancer) slack.deliverTo(balancer.url);
  const bots = botsOf({
    program,
    config,
    dir,
    slack,
    listens: (url) => balancer?.add(url),
    env: (name) => environment(slack, place, name),
  });
  try {
    const facts = await play({ plan, place, slack, people, bots, tell });
    const found = [...violations(facts), ...unplayed(plan, facts)];
    if (found.length > 0) await keep(dir, facts, people, place);
    return { violations: found, facts };
  } finally {
    tell('over');
    await writeFile(join(dir, 'story.log'), `${lines.join('\n')}\n`);
    await bots.killAll();
    await balancer?.close();
    await slack.stop();
    await place.drop();
  }
}

/** A seed that is to need each safeguard shows nothing where it did not come to that. */
const unplayed = ({ dangerSurely }: Plan, { effects }: Facts): readonly string[] =>
  dangerSurely && effects.length === 0 ? ['the dangerous step was not executed: this run shows nothing'] : [];

async function play(scene: Scene): Promise<Facts> {
  const { plan, place, bots, people, tell } = scene;
  tell('the bots start');
  await Promise.all(Array.from({ length: plan.bots }, (_, index) => bots.start(index)));
  tell('they are up');
  const faults = breaker(scene);
  const clock = setInterval(() => bots.advance(AHEAD_MS), EVERY_MS);
  try {
    const begun = Date.now();
    await Promise.all([...plan.faults.map((fault) => faults.apply(fault, begun)), perform(scene, faults)]);
  } finally {
    clearInterval(clock);
    await faults.end();
  }
  await people.control('DELETE', 'faults');
  tell('all is healthy again; the bots are killed, and one starts');
  const { late } = plan;
  if (late === undefined) await bots.killAll();
  const told = late === undefined ? undefined : await tooLate(late, scene, () => bots.killAll());
  bots.advance(late === undefined ? AFTER_MS : EXPIRED_MS);
  await bots.start(0);
  tell('it is up');
  const unsettled = await settled(place, bots);
  await told?.();
  tell('settled');
  return collect(place, people, { unsettled, ended: bots.ended() });
}

/** Of the store what says how a fact came about. */
const TABLES = ['inbox', 'outbox', 'timers', 'runs', 'run_steps', 'messages', 'marks'];

async function keep(dir: string, facts: Facts, people: People, place: Place): Promise<void> {
  const [state, calls] = [await people.control('GET', 'state'), await people.control('GET', 'calls')];
  const store: Record<string, unknown> = {};
  for (const table of TABLES) store[table] = await sql(place.storeUrl(), `select * from ${table}`);
  const all = { facts, state, calls, store };
  for (const [name, value] of Object.entries(all))
    await writeFile(join(dir, `${name}.json`), `${JSON.stringify(value, undefined, 1)}\n`);
}

async function configuration(
  { users, channels }: LocalSlack,
  { acts, mode }: Plan,
  people: People,
): Promise<object> {
  const pagers: readonly string[] = ROSTER.flat();
  const id = async (name: string): Promise<string> => (await newcomer(name, people)).id;
  const idsOf = async (names: readonly string[]): Promise<readonly string[]> => {
    const ids: string[] = [];
    for (const name of names) ids.push(await id(name));
    return ids;
  };
  const everybody = acts.flatMap(({ kind, user }) =>
    kind === 'danger' ? AGAIN.map((again) => `${user}${again}`) : pagers.includes(user) ? [] : [user],
  );
  const levels: object[] = [];
  for (const level of ROSTER) levels.push({ on_call: await idsOf(level), wait_min: LEVEL_WAIT_MS / 60_000 });
  return {
    slack: { mode, incidents_channel: channels['incidents'], stakeholder_channel: channels['general'] },
    http: { listen: '127.0.0.1:0' },
    teams: { database: { levels } },
    targets: {
      shop: { diag_url_env: 'SHOP_DIAG_URL', act_url_env: 'SHOP_ACT_URL', ddl_url_env: 'SHOP_DDL_URL' },
    },
    permissions: { dangerous: await idsOf([...everybody, LATECOMER]), approve: [users['dba']] },
  };
}

/** Each bot names itself to the store: its writes can be told from those of others. */
function environment(slack: LocalSlack, place: Place, name: string): NodeJS.ProcessEnv {
  const { store, diag, act, ddl } = place.bot;
  return {
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_APP_TOKEN: slack.appToken,
    SLACK_SIGNING_SECRET: slack.signingSecret,
    SLACK_API_URL: `${slack.url}/api/`,
    DATABASE_URL: `${store}?options=${encodeURIComponent(`-c chaos.bot=${name}`)}`,
    SHOP_DIAG_URL: diag,
    SHOP_ACT_URL: act,
    SHOP_DDL_URL: ddl,
  };
}

const RUNBOOK = `name: chaos-effect
title: Count {{token}}
summary: Writes its token into the target, once.
params:
  token: { type: text, description: what is counted }
steps:
  - name: count
    kind: db-execute
    with: { sql: "insert into effects (token) values ($1)", values: ["{{token}}"] }
  - name: look
    kind: db-check
`;
