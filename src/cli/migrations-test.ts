/** `firebreak migrations test`: each migration up, down and up again on a throwaway PostgreSQL, in CI. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { captureProject } from '../capture/project.ts';
import { urlIn } from '../config.ts';
import type { MigrationReport } from '../databases/trial/report.ts';
import { type Trial, tryOn } from '../databases/trial.ts';
import type { MigrationTool } from '../domain/migration-tools.ts';
import { FirebreakError } from '../errors.ts';
import { startEmbedded } from '../store/embedded.ts';
import { printJson, toolOption } from './options.ts';
import { markdownOf, summaryOf } from './trial-words.ts';

interface TestOptions {
  readonly tool: MigrationTool;
  readonly dir: string;
  readonly seed?: string;
  readonly urlEnv?: string;
  readonly report?: string;
  readonly markdown?: string;
  readonly failOn: readonly Failing[];
  readonly json?: true;
}

const FAILING = ['failed', 'opaque', 'no-down', 'loss'] as const;
type Failing = (typeof FAILING)[number];

export const testCommand = (): Command =>
  new Command('test')
    .description(
      'Try every migration: up, down, up on a throwaway PostgreSQL; says what the down does not bring back, which locks are taken, what loses data',
    )
    .requiredOption('--dir <dir>', 'the folder of the migrations')
    .addOption(toolOption())
    .option(
      '--seed <file>',
      'SQL with rows: of an empty table nothing can be lost; a statement whose table is not there yet is run once a migration has made it',
    )
    .option('--url-env <variable>', 'a database of your own instead, which has to be empty')
    .option('--report <file>', 'write the results there, by file hash: `guard --report` reads them')
    .option('--markdown <file>', 'write a comment for a pull request there; - prints it')
    .option(
      '--fail-on <list>',
      `exit 1 for any of these, with commas: ${FAILING.join(', ')} (loss: a down that does not bring everything back, though it was announced)`,
      failingOf,
      ['failed'] as const,
    )
    .option('--json', 'print facts as JSON')
    .action(test);

function failingOf(text: string): readonly Failing[] {
  const words = text.split(',').map((word) => word.trim());
  const wrong = words.find((word) => !(FAILING as readonly string[]).includes(word));
  if (wrong !== undefined) throw new InvalidArgumentError(`${wrong} is none of ${FAILING.join(', ')}.`);
  return words as readonly Failing[];
}

async function test(options: TestOptions): Promise<void> {
  const { migrations, opaque } = await captureProject(options.tool, options.dir);
  for (const line of opaque) process.stderr.write(`opaque: ${line}\n`);
  const seed = options.seed === undefined ? '' : await readFile(options.seed, 'utf8');
  const trials = await onThrowaway(options.urlEnv, (url) => tryOn(url, seed, migrations));
  const seeded = seed.trim() !== '';
  if (options.report !== undefined)
    await writeFile(options.report, `${JSON.stringify(reportOf(trials), undefined, 2)}\n`);
  const { markdown } = options;
  if (markdown !== undefined && markdown !== '-') await writeFile(markdown, markdownOf(trials, seeded));
  if (options.json) printJson({ migrations: trials.map(factsOf), of: migrations.length, seeded });
  else
    process.stdout.write(
      markdown === '-' ? markdownOf(trials, seeded) : summaryOf(trials, migrations.length, seeded),
    );
  const failing = trials.filter((trial) => options.failOn.some((what) => fails(trial, what)));
  if (failing.length === 0 && trials.length === migrations.length) return;
  const untried = migrations.slice(trials.length).map(({ name }) => name);
  const found = [...failing.map(({ name }) => name), ...untried.map((name) => `${name} (not tried)`)].join(
    ', ',
  );
  throw new FirebreakError('MIGRATIONS_FAIL', { found });
}

const fails = ({ result, found }: Trial, what: Failing): boolean =>
  what === 'loss' ? found.length > 0 : result === what;

const reportOf = (trials: readonly Trial[]): MigrationReport => ({
  version: 1,
  results: Object.fromEntries(
    // Of files with the same contents the worst result counts.
    trials
      .toSorted((a, b) => Number(b.result === 'passed') - Number(a.result === 'passed'))
      .map(({ fileHash, name, result, reasons, sql }) => [
        fileHash,
        { name, result, reasons: [...reasons], sql },
      ]),
  ),
});

const factsOf = ({ notUndone, fileHash, ...trial }: Trial) => ({
  ...trial,
  file_hash: fileHash,
  not_undone: notUndone,
});

/** A server of its own, gone afterwards; or a database that is given. */
async function onThrowaway<T>(urlEnv: string | undefined, work: (url: string) => Promise<T>): Promise<T> {
  if (urlEnv !== undefined) return work(urlIn(urlEnv));
  const dataDir = await mkdtemp(join(tmpdir(), 'firebreak-trial-'));
  const server = await startEmbedded({ dataDir, temporary: true, settings: { fsync: 'off' } });
  try {
    await server.ensureDatabase('trial');
    return await work(server.url('trial'));
  } finally {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}
