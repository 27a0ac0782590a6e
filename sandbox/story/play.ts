/** The order-status outage, played by scripted people: every line that is printed comes from what happened. */
import { actorsOf, buttonsIn } from './actors.ts';
import { openBlocker } from './blocker.ts';
import { applyRelease, writeRelease } from './releases.ts';
import {
  answer,
  approval,
  findButton,
  inIncident,
  learnNames,
  mention,
  messageOf,
  press,
  runEnded,
  type Scene,
  type StoryOptions,
  show,
  tell,
  type,
  waitFor,
} from './scene.ts';
import { storyOf } from './seed.ts';
import type { Shop } from './shop.ts';
import { startTraffic } from './traffic.ts';
import { checkTruth, type Verdict } from './truth.ts';

export interface StoryResult {
  /** When the site's first query failed. */
  readonly firstFailureAt: Date;
  readonly postmortem: string;
  readonly verdict: Verdict;
  /** Queries that failed within the last second before the traffic ended. */
  readonly stillFailing: number;
}

/** The story did not come to its end; the message says what was waited for. */
export class StoryBroke extends Error {
  readonly firstFailureAt: Date | undefined;
  constructor(cause: unknown, firstFailureAt: number | undefined) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.firstFailureAt = firstFailureAt === undefined ? undefined : new Date(firstFailureAt);
  }
}

/** Plays the outage from its first healthy second to the exported postmortem; throws StoryBroke. */
export async function playStory(options: StoryOptions): Promise<StoryResult> {
  const { shop, slackUrl, signal } = options;
  const traffic = startTraffic({ appUrl: shop.urls.app, seed: shop.seed, orders: shop.orders });
  const actors = actorsOf(slackUrl, signal);
  const scene: Scene = { options, actors, traffic, names: new Map(), channel: '' };
  try {
    return await play(scene);
  } catch (error) {
    throw new StoryBroke(error, traffic.report().firstFailureAt);
  } finally {
    await traffic.stop(0).catch(() => undefined);
  }
}

async function play(scene: Scene): Promise<StoryResult> {
  const { shop } = scene.options;
  await learnNames(scene);
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
}

function blockerOf(shop: Shop): Pick<Parameters<typeof openBlocker>[0], 'blocker' | 'table'> {
  const story = storyOf(shop.seed);
  return { blocker: story.blocker, table: story.tableAfter };
}

async function healthy(scene: Scene): Promise<void> {
  await waitFor(scene, 'the site to answer', () =>
    scene.traffic.report().reads.ok >= 20 ? true : undefined,
  );
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
  const at = await waitFor(scene, 'the first failing query', () => scene.traffic.report().firstFailureAt);
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
  await learnNames(scene);
  tell(scene, 'slack', `#${scene.channel} is open`);
}

async function organise(scene: Scene): Promise<void> {
  await type(scene, 'commander', 'lead');
  await type(scene, 'oncall', 'escalate database order_status queries fail since the release');
  const page = await findButton(scene, 'the page to dba', 'page-answer:acknowledged', (name) =>
    name.startsWith('dm-'),
  );
  await press(scene, 'dba', page);
  await type(scene, 'commander', `role customer-liaison ${mention(scene, 'support')}`);
  await type(scene, 'support', 'note -1m customers write that the order page shows an error');
}

async function diagnose(scene: Scene): Promise<void> {
  await type(scene, 'oncall', 'db');
  await runEnded(scene, 'the first-minutes diagnosis', 'done');
  await type(scene, 'oncall', 'status identified the release broke order_status');
}

async function firstRollback(scene: Scene): Promise<void> {
  await type(scene, 'oncall', 'rollback');
  const approve = await approval(scene);
  tell(scene, 'oncall', 'presses Approve on their own request');
  answer(scene, 'oncall', await scene.actors.press('oncall', approve));
  await press(scene, 'dba', approve);
  await runEnded(scene, 'the first rollback', 'stopped');
}

async function endBlocker(scene: Scene): Promise<void> {
  const end = await findButton(scene, 'the offer to end the blocker', 'run:start', inIncident);
  await press(scene, 'oncall', end);
  await press(scene, 'dba', await approval(scene));
  await runEnded(scene, "the blocker's end", 'done');
}

async function secondRollback(scene: Scene): Promise<void> {
  await type(scene, 'oncall', 'rollback');
  await press(scene, 'dba', await approval(scene));
  await runEnded(scene, 'the second rollback', 'done');
  await type(scene, 'commander', 'status mitigated queries are answered again, the data is still wrong');
}

async function repair(scene: Scene): Promise<void> {
  const offer = await findButton(scene, 'the offer to repair', 'run:start', inIncident, ({ value }) =>
    value.includes('table-repair'),
  );
  await press(scene, 'oncall', offer);
  await press(scene, 'dba', await approval(scene));
  await runEnded(scene, 'the repair', 'done');
}

async function untilGreen(scene: Scene): Promise<void> {
  await scene.actors.until('the monitor to see green', (state) =>
    state.channels
      .find(({ name }) => name === scene.channel)
      ?.messages.find(({ text }) => text.includes('green again')),
  );
  const { reads, writes } = scene.traffic.report();
  tell(
    scene,
    'shop',
    `green: ${reads.ok} queries answered, ${total(reads.failed)} failed in all; ${writes.acknowledged} customers' writes acknowledged`,
  );
}

async function wrapUp(scene: Scene): Promise<string> {
  const [dba, oncall] = [mention(scene, 'dba'), mention(scene, 'oncall')];
  const tested = 'test every migration and its down on a copy of the data';
  await type(scene, 'commander', `action ${tested} ${dba} due +14d`);
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

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, n) => sum + n, 0);

const failures = (scene: Scene): string =>
  Object.entries(scene.traffic.report().reads.failed)
    .map(([sqlstate, n]) => `${n} with SQLSTATE ${sqlstate}`)
    .join(', ');
