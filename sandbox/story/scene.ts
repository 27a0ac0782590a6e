/** What the acts of the story are made of: people who type and press, what is waited for, and what is printed. */
import {
  type Actors,
  type Button,
  buttonsIn,
  linesOf,
  pause,
  type SlackMessage,
  type SlackState,
} from './actors.ts';
import type { Shop } from './shop.ts';
import type { Traffic } from './traffic.ts';
import { readable, wrapped } from './transcript.ts';

export interface StoryOptions {
  readonly slackUrl: string;
  readonly adminUrl: string;
  readonly shop: Shop;
  /** The slash command's name. */
  readonly command: string;
  readonly pace: 'fast' | 'human';
  /** Records the migrations of a directory beside the project's tool, as its CI would. */
  readonly capture: (dir: string) => Promise<void>;
  readonly print: (line: string) => void;
  /** Breaks the story off wherever it waits. */
  readonly signal?: AbortSignal;
}

export interface Scene {
  readonly options: StoryOptions;
  readonly actors: Actors;
  readonly traffic: Traffic;
  /** People and channels by id. */
  names: ReadonlyMap<string, string>;
  channel: string;
}

const HUMAN_PAUSE_MS = 4000;

export async function learnNames(scene: Scene): Promise<void> {
  const { users, channels } = await scene.actors.state();
  scene.names = new Map([...users, ...channels].map(({ id, name }) => [id, name]));
}

export async function type(
  scene: Scene,
  user: string,
  words: string,
  channel = scene.channel,
): Promise<void> {
  await breathe(scene);
  const line = `${scene.options.command} ${words}`;
  tell(scene, user, line);
  answer(scene, user, await scene.actors.type(user, channel, line));
}

export async function press(scene: Scene, user: string, button: Button): Promise<void> {
  await breathe(scene);
  tell(scene, user, `presses "${button.label}"`);
  answer(scene, user, await scene.actors.press(user, button));
}

/** What only that person is told. */
export function answer(scene: Scene, user: string, text: string): void {
  if (text !== '') tell(scene, 'firebreak', `to @${user}: ${text}`);
}

/** The plan that waits for an approval, shown as the approver reads it. */
export async function approval(scene: Scene): Promise<Button> {
  const button = await findButton(scene, 'a plan to approve', 'approval:approved', inIncident);
  show(scene, `#${scene.channel}`, await messageOf(scene.actors, button));
  const { channels } = await scene.actors.state();
  const plan = channels
    .find(({ id }) => id === button.channel)
    ?.files.findLast(({ name }) => name.startsWith('plan-'));
  if (plan) tell(scene, 'firebreak', `${plan.name} is in #${scene.channel}`);
  return button;
}

type RunEnd = 'done' | 'stopped' | 'failed' | 'cancelled';

/** Waits until the newest run's live message shows its end; an end that the story does not go on from ends it. */
export async function runEnded(scene: Scene, what: string, wanted: RunEnd): Promise<void> {
  const { message, end } = await scene.actors.until(`the end of ${what}`, (state) => {
    const newest = newestRun(state, scene.channel);
    const found = /^Run \d+\b.*: (done|stopped|failed|cancelled)\b/.exec(newest?.text ?? '')?.[1];
    return newest && found !== undefined ? { message: newest, end: found } : undefined;
  });
  show(scene, `#${scene.channel}`, linesOf(message));
  if (end !== wanted) throw new Error(`${what} should have ended as ${wanted}, but ended as ${end}`);
}

const newestRun = (state: SlackState, channel: string): SlackMessage | undefined =>
  state.channels
    .find(({ name }) => name === channel)
    ?.messages.filter(({ text }) => /^Run \d+\b/.test(text))
    .sort((a, b) => Number(b.ts) - Number(a.ts))[0];

export function findButton(
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

export async function messageOf(actors: Actors, { channel, ts }: Button): Promise<readonly string[]> {
  const state = await actors.state();
  const message = state.channels.find(({ id }) => id === channel)?.messages.find((each) => each.ts === ts);
  return message ? linesOf(message) : [];
}

export function mention({ names }: Scene, name: string): string {
  const id = [...names].find(([, known]) => known === name)?.[0];
  return id === undefined ? name : `<@${id}>`;
}

export async function waitFor<T>(
  scene: Scene,
  what: string,
  find: () => T | undefined,
  seconds = 30,
): Promise<T> {
  const { signal } = scene.options;
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; await pause(50, signal)) {
    const found = find();
    if (found !== undefined) return found;
  }
  throw new Error(`waited ${seconds} s for ${what}, in vain`);
}

/** The outage clock runs from the site's first failing query. */
export function tell(scene: Scene, who: string, text: string): void {
  const { firstFailureAt } = scene.traffic.report();
  const clock =
    firstFailureAt === undefined
      ? '      '
      : `+${((Date.now() - firstFailureAt) / 1000).toFixed(1)}s`.padStart(6);
  scene.options.print(wrapped(readable(text, scene.names), `${clock}  ${who.padEnd(10)} `, ' '.repeat(19)));
}

export const show = (scene: Scene, where: string, lines: readonly string[]): void =>
  tell(scene, 'firebreak', [`in ${where}:`, ...lines.map((line) => `| ${line}`)].join('\n'));

const breathe = ({ options: { pace, signal } }: Scene): Promise<unknown> =>
  pace === 'human' ? pause(HUMAN_PAUSE_MS, signal) : Promise.resolve();

export const inIncident = (name: string): boolean => name.startsWith('inc-');
