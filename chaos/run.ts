/** Plays the plan of a seed: a local Slack, bots, people and faults; afterwards what the oracle needs is collected. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { type LocalSlack, startLocalSlack } from '../sandbox/server/main.ts';
import { PACKAGE_ROOT } from '../src/version.ts';
import { type Bots, botsOf } from './bots.ts';
import { breaker } from './breaker.ts';
import { collect } from './facts.ts';
import type { Ground, Place } from './ground.ts';
import { type Facts, violations } from './oracle.ts';
import { type People, peopleOf } from './people.ts';
import { perform } from './perform.ts';
import type { Plan } from './plan.ts';
import { settled } from './settle.ts';

export interface Scene {
  readonly plan: Plan;
  readonly place: Place;
  readonly slack: LocalSlack;
  readonly people: People;
  readonly bots: Bots;
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

/** `program` has the code that runs, in its folder `dist`; what the bot keeps and logs goes into `dir`. */
export async function runPlan(plan: Plan, ground: Ground, program: string, dir: string): Promise<Outcome> {
  await mkdir(join(dir, 'runbooks'), { recursive: true });
  const place = await ground.clone();
  const slack = await startLocalSlack({ manifestPath: join(PACKAGE_ROOT, 'manifest.yml'), quietMs: 40 });
  const people = peopleOf(slack.url);
  const config = join(dir, 'firebreak.yml');
  await writeFile(config, stringify(configuration(slack, await newcomers(plan, people))));
  await writeFile(join(dir, 'runbooks', 'chaos-effect.yml'), RUNBOOK);
  await writeFile(join(dir, 'plan.json'), `${JSON.stringify(plan, undefined, 1)}\n`);
  const bots = botsOf({ program, config, dir, slack, env: (name) => environment(slack, place, name) });
  try {
    const facts = await play({ plan, place, slack, people, bots });
    const found = violations(facts);
    if (found.length > 0) await keep(dir, facts, people);
    return { violations: found, facts };
  } finally {
    await bots.killAll();
    await slack.stop();
    await place.drop();
  }
}

async function play(scene: Scene): Promise<Facts> {
  const { plan, place, bots, people } = scene;
  await Promise.all(Array.from({ length: plan.bots }, (_, index) => bots.start(index)));
  const faults = breaker(scene);
  const clock = setInterval(() => bots.advance(AHEAD_MS), EVERY_MS);
  try {
    const begun = Date.now();
    await Promise.all([
      ...plan.faults.map(async (fault) => {
        await sleep(Math.max(0, fault.at - (Date.now() - begun)));
        await faults.apply(fault);
      }),
      perform(scene, faults),
    ]);
  } finally {
    clearInterval(clock);
    await faults.end();
  }
  await bots.killAll();
  bots.advance(AFTER_MS);
  await bots.start(0);
  return collect(place, people, await settled(place, bots));
}

/** Their ids. */
async function newcomers({ acts }: Plan, people: People): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const { user } of acts)
    ids.push((await people.control<{ id: string }>('POST', 'users', { name: user })).id);
  return ids;
}

async function keep(dir: string, facts: Facts, people: People): Promise<void> {
  const all = { facts, state: await people.state(), calls: await people.control('GET', 'calls') };
  for (const [name, value] of Object.entries(all))
    await writeFile(join(dir, `${name}.json`), `${JSON.stringify(value, undefined, 1)}\n`);
}

function configuration({ users, channels }: LocalSlack, people: readonly string[]): object {
  return {
    slack: { incidents_channel: channels['incidents'], stakeholder_channel: channels['general'] },
    http: { listen: '127.0.0.1:0' },
    teams: { database: { on_call: [users['dba']] } },
    targets: {
      shop: { diag_url_env: 'SHOP_DIAG_URL', act_url_env: 'SHOP_ACT_URL', ddl_url_env: 'SHOP_DDL_URL' },
    },
    permissions: { dangerous: people, approve: [users['dba']] },
  };
}

/** Each bot names itself to the store: its writes can be told from those of others. */
function environment(slack: LocalSlack, place: Place, name: string): NodeJS.ProcessEnv {
  const { store, diag, act, ddl } = place.bot;
  return {
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_APP_TOKEN: slack.appToken,
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
