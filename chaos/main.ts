/** `npm run chaos`: whole incidents under faults, seed after seed; what is promised must hold in each. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { PACKAGE_ROOT } from '../src/version.ts';
import { type Ground, openGround } from './ground.ts';
import { planOf } from './plan.ts';
import { runPlan } from './run.ts';
import { SABOTAGES, type Sabotage, SEEN, sabotaged } from './sabotage.ts';

interface Options {
  readonly runs: number;
  readonly seed: number;
  readonly workers: number;
  readonly sabotage?: Sabotage;
  readonly proof?: true;
  readonly json?: string;
}

/** A seed to be played; with `proof` the run must fail, as `sabotage` lets expect. */
interface Task {
  readonly seed: number;
  readonly sabotage: Sabotage | undefined;
  readonly proof: boolean;
}

const number = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${text} is no whole number`);
  return value;
};

const options = new Command('chaos')
  .option('--runs <n>', 'so many seeds', number, 20)
  .option('--seed <s>', 'the first of them', number, 1)
  .option('--workers <n>', 'so many at once', number, 2)
  .addOption(new Option('--sabotage <name>', 'with this safeguard switched off').choices(SABOTAGES))
  .option('--proof', 'then seed 0 with each safeguard switched off in turn: each time it must be noticed')
  .option('--json <file>', 'write the outcome there, too')
  .parse()
  .opts<Options>();

const folder = await mkdtemp(join(tmpdir(), 'firebreak-chaos-'));
const tasks: Task[] = [
  ...Array.from({ length: options.runs }, (_, index) => ({
    seed: options.seed + index,
    sabotage: options.sabotage,
    proof: false,
  })),
  ...(options.proof ? SABOTAGES : []).map((sabotage) => ({ seed: 0, sabotage, proof: true })),
];
const all = tasks.length;
const failed: { readonly seed: number; readonly violations: readonly string[] }[] = [];
const programs = new Map<Sabotage | undefined, Promise<string>>([[undefined, Promise.resolve(PACKAGE_ROOT)]]);

async function work(): Promise<void> {
  const ground = await openGround();
  try {
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) await one(task, ground);
  } finally {
    await ground.close();
  }
}

async function one(task: Task, ground: Ground): Promise<void> {
  const { seed, sabotage } = task;
  const dir = join(folder, `seed-${seed}${sabotage === undefined ? '' : `-${sabotage}`}`);
  const begun = Date.now();
  const { wrong, steps } = await runPlan(planOf(seed), ground, await programOf(sabotage), dir).then(
    ({ violations, facts }) => ({ wrong: judged(task, violations), steps: facts.effects.length }),
    (error: unknown) => ({
      wrong: [`the run broke off: ${error instanceof Error ? (error.stack ?? '') : String(error)}`],
      steps: 0,
    }),
  );
  const name = `seed ${seed}${sabotage === undefined ? '' : ` without ${sabotage}`}`;
  const took = ((Date.now() - begun) / 1000).toFixed(1);
  const outcome = wrong.length > 0 ? 'FAILED' : task.proof ? 'is noticed' : 'ok';
  process.stdout.write(`${name}: ${outcome}, ${took} s, ${steps} dangerous steps\n`);
  if (wrong.length === 0) await rm(dir, { recursive: true, force: true });
  else tellFailure(task, wrong, dir);
}

function programOf(sabotage: Sabotage | undefined): Promise<string> {
  const known = programs.get(sabotage);
  if (known || sabotage === undefined) return known ?? Promise.resolve(PACKAGE_ROOT);
  const made = sabotaged(sabotage, join(folder, `without-${sabotage}`));
  programs.set(sabotage, made);
  return made;
}

function judged({ sabotage, proof }: Task, violations: readonly string[]): readonly string[] {
  if (!proof || sabotage === undefined) return violations;
  return violations.some((each) => SEEN[sabotage].test(each))
    ? []
    : [`nobody notices that ${sabotage} is switched off`, ...violations];
}

function tellFailure({ seed, sabotage }: Task, violations: readonly string[], dir: string): void {
  failed.push({ seed, violations });
  const again = `npm run chaos -- --runs 1 --seed ${seed}${sabotage ? ` --sabotage ${sabotage}` : ''}`;
  process.stdout.write(
    `${violations.map((each) => `  ${each}\n`).join('')}  kept in ${dir}\n  again: ${again}\n`,
  );
}

await Promise.all(Array.from({ length: Math.min(options.workers, all) }, work));
const passed = all - failed.length;
process.stdout.write(`${passed} passed, ${failed.length} failed\n`);
if (options.json !== undefined)
  await writeFile(options.json, `${JSON.stringify({ passed, failed }, undefined, 2)}\n`);
if (failed.length === 0) await rm(folder, { recursive: true, force: true });
process.exit(failed.length === 0 ? 0 : 1);
