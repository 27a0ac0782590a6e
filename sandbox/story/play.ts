/** The order-status outage, played by scripted people: every line that is printed comes from what happened. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Actors, actorsOf, type Button, buttonsIn, linesOf, type SlackState } from './actors.ts';
import { openBlocker } from './blocker.ts';
import { applyRelease, writeRelease } from './releases.ts';
import { storyOf } from './seed.ts';
import type { Shop } from './shop.ts';
import { startTraffic, type Traffic } from './traffic.ts';
import { checkTruth, type Verdict } from './truth.ts';

export interface StoryOptions {
  readonly slackUrl: string;
  readonly adminUrl: string;
  readonly shop: Shop;
  /** The slash command's name. */
  readonly command: string;
  readonly pace: 'fast' | 'human';
  /** Records the migrations of a directory beside the project's tool, as its CI would. */
  capture(dir: string): Promise<void>;
  print(line: string): void;
}

export interface StoryResult {
  /** When the site's first query failed. */
  readonly firstFailureAt: Date;
  readonly postmortem: string;
  readonly verdict: Verdict;
  /** Queries that failed within the last second before the traffic ended. */
  readonly stillFailing: number;
}

interface Scene {
  readonly options: StoryOptions;
  readonly actors: Actors;
  readonly traffic: Traffic;
  channel: string;
}

const HUMAN_PAUSE_MS = 4000;

/** Plays the outage from its first healthy second to the exported postmortem. */
export async function playStory(options: StoryOptions): Promise<StoryResult> {
  const { shop } = options;
  const traffic = startTraffic({ appUrl: shop.urls.app, seed: shop.seed, orders: shop.orders });
  const scene: Scene = { options, actors: actorsOf(options.slackUrl), traffic, channel: '' };
  try {
    await healthy(scene);
    const firstFailureAt = await release(scene);
    const blocker = await openBlocker({ urls: shop.urls, ...blockerOf(shop) });
    try {
      await declare(scene);
      await organise(scene);
      await diagnose(scene);
      await firstRollback(scene);
      await endBlocker(scene);
      await secondRollback(scene);
      await repair(scene);
      await untilGreen(scene);
    } finally {
      await blocker.release().catch(() => undefined);
    }
    const postmortem = await wrapUp(scene);
    return { firstFailureAt, postmortem, ...(await judge(scene)) };
  } finally {
    await traffic.stop(0).catch(() => undefined);
  }
}

function blockerOf(shop: Shop): Pick<Parameters<typeof openBlocker>[0], 'blocker' | 'table'> {
  const story = storyOf(shop.seed);
  return { blocker: story.blocker, table: story.tableAfter };
}

async function healthy(scene: Scene): Promise<void> {
  await waitFor('the site to answer', () => (scene.traffic.report().reads.ok >= 20 ? true : undefined));
  const { reads } = scene.traffic.report();
  tell(scene, 'shop', `healthy: ${reads.ok} order status queries answered, ${total(reads.failed)} failed`);
}

async function release(scene: Scene): Promise<Date> {
  const { shop, capture } = scene.options;
  const written = await writeRelease(shop.migrationsDir, storyOf(shop.seed));
  await capture(shop.migrationsDir);
  tell(scene, 'ci', `captured the migrations of the release, ${written.name} among them`);
  const names = await applyRelease({ ownerUrl: shop.urls.owner, dir: shop.migrationsDir });
  tell(scene, 'ci', `released: ${names.join(', ')}`);
  const at = await waitFor('the first failing query', () => scene.traffic.report().firstFailureAt);
  tell(scene, 'shop', `queries fail: ${failures(scene)}`);
  return new Date(at);
}

async function declare(scene: Scene): Promise<void> {
  const { actors } = scene;
  const proposal = await actors.until('a monitor to propose an incident', (state) =>
    buttonsIn(state, (name) => name === 'incidents').find(({ actionId }) => actionId === 'proposal:declare'),
  );
  show(scene, '#incidents', await messageOf(actors, proposal));
  await type(scene, 'oncall', 'declare sev1 order status page is down', 'incidents');
  scene.channel = await actors.until(
    'the incident channel',
    (state) => state.channels.find(({ name }) => name.startsWith('inc-'))?.name,
  );
  tell(scene, 'slack', `#${scene.channel} is open`);
}

async function organise(scene: Scene): Promise<void> {
  await type(scene, 'commander', 'lead');
  await type(scene, 'oncall', 'escalate database order_status queries fail since the release');
  const page = await findButton(scene, 'the page to dba', 'page-answer:acknowledged', (name) =>
    name.startsWith('dm-'),
  );
  await press(scene, 'dba', page);
  await type(
    scene,
    'commander',
    'role customer-liaison <@U0SUPPORT>'.replace('U0SUPPORT', await userId(scene, 'support')),
  );
  await type(scene, 'support', 'note -1m customers write that the order page shows an error');
}

async function diagnose(scene: Scene): Promise<void> {
  await type(scene, 'oncall', 'db');
  await runEnded(scene, 'the first-minutes diagnosis', 1);
  await type(scene, 'oncall', 'status identified the release broke order_status');
}

async function firstRollback(scene: Scene): Promise<void> {
  await type(scene, 'oncall', 'rollback');
  const approve = await approval(scene);
  tell(scene, 'oncall', 'presses Approve on their own request');
  tell(scene, 'firebreak', await scene.actors.press('oncall', approve));
  await press(scene, 'dba', approve);
  await runEnded(scene, 'the first rollback', 2);
}

async function endBlocker(scene: Scene): Promise<void> {
  const end = await findButton(scene, 'the offer to end the blocker', 'run:start', inIncident);
  await press(scene, 'oncall', end);
  await press(scene, 'dba', await approval(scene));
  await runEnded(scene, "the blocker's end", 3);
}

async function secondRollback(scene: Scene): Promise<void> {
  await type(scene, 'oncall', 'rollback');
  await press(scene, 'dba', await approval(scene));
  await runEnded(scene, 'the second rollback', 4);
  await type(scene, 'commander', 'status mitigated queries are answered again, the data is still wrong');
}

async function repair(scene: Scene): Promise<void> {
  const offer = await findButton(scene, 'the offer to repair', 'run:start', inIncident, ({ value }) =>
    value.includes('table-repair'),
  );
  await press(scene, 'oncall', offer);
  await press(scene, 'dba', await approval(scene));
  await runEnded(scene, 'the repair', 5);
}

async function untilGreen(scene: Scene): Promise<void> {
  await scene.actors.until('the monitor to see green', (state) =>
    messagesIn(state, scene.channel).some((text) => text.includes('green again')) ? true : undefined,
  );
  const { reads, writes } = scene.traffic.report();
  tell(
    scene,
    'shop',
    `green: ${reads.ok} queries answered, ${total(reads.failed)} failed in all; ${writes.acknowledged} customers' writes acknowledged`,
  );
}

async function wrapUp(scene: Scene): Promise<string> {
  const dba = `<@${await userId(scene, 'dba')}>`;
  const oncall = `<@${await userId(scene, 'oncall')}>`;
  await type(
    scene,
    'commander',
    `action test every migration and its down on a copy of the data ${dba} due +14d`,
  );
  await type(scene, 'commander', `action alert on sessions that sit idle in a transaction ${oncall} due +7d`);
  await type(
    scene,
    'commander',
    'resolve the migration was rolled back and the rows were put back from order_events',
  );
  await type(scene, 'commander', 'postmortem');
  const file = await scene.actors.until('the postmortem', (state) =>
    state.channels
      .find(({ name }) => name === scene.channel)
      ?.files.find(({ name }) => name.startsWith('postmortem')),
  );
  tell(scene, 'firebreak', `${file.name} is in #${scene.channel}`);
  return file.content ?? '';
}

async function judge(scene: Scene): Promise<Pick<StoryResult, 'verdict' | 'stillFailing'>> {
  const stillFailing = scene.traffic.errorsSince(Date.now() - 1000);
  const backlog = await scene.traffic.stop();
  const verdict = await checkTruth({ adminUrl: scene.options.adminUrl, traffic: scene.traffic });
  tell(
    scene,
    'truth',
    `${verdict.rows} rows compared with the hidden truth, ${verdict.wrong + backlog} wrong`,
  );
  for (const sample of [...verdict.schema, ...verdict.samples]) tell(scene, 'truth', sample);
  return { verdict: { ...verdict, wrong: verdict.wrong + backlog }, stillFailing };
}

async function type(scene: Scene, user: string, words: string, channel = scene.channel): Promise<void> {
  await pause(scene);
  const line = `${scene.options.command} ${words}`;
  tell(scene, user, line);
  tell(scene, 'firebreak', await scene.actors.type(user, channel, line));
}

async function press(scene: Scene, user: string, button: Button): Promise<void> {
  await pause(scene);
  tell(scene, user, `presses "${button.label}"`);
  const answer = await scene.actors.press(user, button);
  if (answer !== '') tell(scene, 'firebreak', answer);
}

/** The plan that waits for an approval, shown as the approver reads it. */
async function approval(scene: Scene): Promise<Button> {
  const button = await findButton(scene, 'a plan to approve', 'approval:approved', inIncident);
  show(scene, `#${scene.channel}`, await messageOf(scene.actors, button));
  return button;
}

/** Waits until run `number`'s live message shows its end. */
async function runEnded(scene: Scene, what: string, number: number): Promise<void> {
  const message = await scene.actors.until(`the end of ${what}`, (state) =>
    state.channels
      .find(({ name }) => name === scene.channel)
      ?.messages.find(({ text }) =>
        new RegExp(`^Run ${number}\\b.*: (done|stopped|failed|unknown|cancelled)`).test(text),
      ),
  );
  show(scene, `#${scene.channel}`, linesOf(message));
}

function findButton(
  scene: Scene,
  what: string,
  actionId: string,
  where: (name: string) => boolean,
  fits: (button: Button) => boolean = () => true,
): Promise<Button> {
  return scene.actors.until(what, (state) =>
    buttonsIn(state, where).find((button) => button.actionId === actionId && fits(button)),
  );
}

async function messageOf(actors: Actors, { channel, ts }: Button): Promise<readonly string[]> {
  const state = await actors.state();
  const message = state.channels.find(({ id }) => id === channel)?.messages.find((each) => each.ts === ts);
  return message ? linesOf(message) : [];
}

async function userId(scene: Scene, name: string): Promise<string> {
  const response = await fetch(`${scene.options.slackUrl}/sandbox/state`);
  const { users } = (await response.json()) as { users: readonly { id: string; name: string }[] };
  return users.find((user) => user.name === name)?.id ?? name;
}

async function waitFor<T>(what: string, find: () => T | undefined, seconds = 30): Promise<T> {
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; await sleep(50)) {
    const found = find();
    if (found !== undefined) return found;
  }
  throw new Error(`waited ${seconds} s for ${what}, in vain`);
}

/** The outage clock runs from the site's first failing query. */
function tell(scene: Scene, who: string, text: string): void {
  const { firstFailureAt } = scene.traffic.report();
  const clock =
    firstFailureAt === undefined
      ? '      '
      : `+${((Date.now() - firstFailureAt) / 1000).toFixed(1)}s`.padStart(6);
  const [first = '', ...more] = text.split('\n');
  scene.options.print(`${clock}  ${who.padEnd(10)} ${first}`);
  for (const line of more) scene.options.print(`${' '.repeat(19)}${line}`);
}

const show = (scene: Scene, where: string, lines: readonly string[]): void =>
  tell(scene, 'firebreak', [`in ${where}:`, ...lines.map((line) => `| ${line}`)].join('\n'));

const pause = ({ options }: Scene): Promise<unknown> =>
  options.pace === 'human' ? sleep(HUMAN_PAUSE_MS) : Promise.resolve();

const inIncident = (name: string): boolean => name.startsWith('inc-');

const messagesIn = (state: SlackState, channel: string): readonly string[] =>
  state.channels
    .filter(({ name }) => name === channel)
    .flatMap(({ messages }) => messages.map(({ text }) => text));

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, n) => sum + n, 0);

const failures = (scene: Scene): string =>
  Object.entries(scene.traffic.report().reads.failed)
    .map(([sqlstate, n]) => `${n} with SQLSTATE ${sqlstate}`)
    .join(', ');
