/** `npm run chaos`: whole incidents under faults, seed after seed; what is promised must hold in each. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { PACKAGE_ROOT } from '../src/version.ts';
import { openGround } from './ground.ts';
import { planOf } from './plan.ts';
import { runPlan } from './run.ts';
import { SABOTAGES, type Sabotage, sabotaged } from './sabotage.ts';

interface Options {
  readonly runs: number;
  readonly seed: number;
  readonly workers: number;
  readonly sabotage?: Sabotage;
  readonly json?: string;
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
  .option('--json <file>', 'write the outcome there, too')
  .parse()
  .opts<Options>();

const folder = await mkdtemp(join(tmpdir(), 'firebreak-chaos-'));
const program =
  options.sabotage === undefined ? PACKAGE_ROOT : await sabotaged(options.sabotage, join(folder, 'program'));
const seeds = Array.from({ length: options.runs }, (_, index) => options.seed + index);
const failed: { readonly seed: number; readonly violations: readonly string[] }[] = [];

async function work(): Promise<void> {
  const ground = await openGround();
  try {
    for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) await one(seed, ground);
  } finally {
    await ground.close();
  }
}

async function one(seed: number, ground: Awaited<ReturnType<typeof openGround>>): Promise<void> {
  const dir = join(folder, `seed-${seed}`);
  const begun = Date.now();
  const violations = await runPlan(planOf(seed), ground, program, dir).then(
    (outcome) => outcome.violations,
    (error: unknown) => [
      `the run broke off: ${error instanceof Error ? (error.stack ?? '') : String(error)}`,
    ],
  );
  const took = ((Date.now() - begun) / 1000).toFixed(1);
  process.stdout.write(`seed ${seed}: ${violations.length === 0 ? 'ok' : 'FAILED'}, ${took} s\n`);
  if (violations.length === 0) {
    await rm(dir, { recursive: true, force: true });
    return;
  }
  failed.push({ seed, violations });
  const again = `npm run chaos -- --runs 1 --seed ${seed}${options.sabotage ? ` --sabotage ${options.sabotage}` : ''}`;
  process.stdout.write(
    `${violations.map((each) => `  ${each}\n`).join('')}  kept in ${dir}\n  again: ${again}\n`,
  );
}

await Promise.all(Array.from({ length: Math.min(options.workers, options.runs) }, work));
const passed = options.runs - failed.length;
process.stdout.write(`${passed} passed, ${failed.length} failed\n`);
if (options.json !== undefined)
  await writeFile(options.json, `${JSON.stringify({ passed, failed }, undefined, 2)}\n`);
if (failed.length === 0) await rm(folder, { recursive: true, force: true });
process.exit(failed.length === 0 ? 0 : 1);
