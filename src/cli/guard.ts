/** `firebreak guard --target T -- <migration command>`: in CI, around the deploy's own migration step. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { basename } from 'node:path';
import { Command } from 'commander';
import { captureProject } from '../capture/project.ts';
import { analyse } from '../databases/analyse.ts';
import { heldByGuards } from '../databases/guard/journal.ts';
import { appliedSoFar } from '../databases/history.ts';
import { errorText } from '../databases/pg-errors.ts';
import { runProbes } from '../databases/probe.ts';
import type { Target } from '../databases/target.ts';
import { MigrationReport } from '../databases/trial/report.ts';
import { sqlHash } from '../databases/trial.ts';
import type { MigrationTool } from '../domain/migration-tools.ts';
import type { CapturedMigration } from '../domain/plan.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import { DEFAULT_GUARD } from '../domain/target-settings.ts';
import { guard } from '../guard/guard.ts';
import { toolOption, wholeNumber } from './options.ts';
import { refused } from './report.ts';
import { onTarget, type TargetOptions, withTarget } from './targets.ts';

interface GuardOptions extends TargetOptions {
  readonly dir: string;
  readonly report?: string;
  readonly unguarded?: true;
  readonly large?: true;
  readonly window?: number;
}

export const guardCommand = (): Command =>
  withTarget(new Command('guard'))
    .description(
      'Run a migration command; when the probes of the target go red, undo it (targets.<name>.guard.undo: auto) or propose that',
    )
    .argument('<command...>', 'the migration command, after --')
    .requiredOption('--dir <dir>', "the project's migrations")
    .addOption(toolOption())
    .option('--report <file>', 'what `migrations test --report` wrote: only what passed is run')
    .option('--unguarded', 'also run what has not passed; it is recorded')
    .option('--large', 'also keep more than snapshot.max_bytes')
    .option('--window <seconds>', 'how long the probes are watched (default: guard.window_s)', wholeNumber)
    .addHelpText(
      'after',
      '\nExit: 0 applied; 1 refused, or the command failed; 2 wrong usage; 3 undone; 4 undone, but not every row is as it was;\n5 probes red and left in place, the undo is proposed.',
    )
    .action((command: readonly string[], options: GuardOptions) =>
      onTarget(options, (target) => guarded(target, command, options)),
    );

async function guarded(target: Target, command: readonly string[], options: GuardOptions): Promise<void> {
  const { migrations: captured } = await captureProject(target.config.tool, options.dir);
  const applied = new Set((await appliedSoFar(target)).map(({ name }) => name));
  const pending = captured.filter(({ name }) => !applied.has(name));
  const refusal = await cannot(target, pending, options);
  if (refusal !== undefined) {
    refused(refusal);
    return;
  }
  const { undo, windowSeconds } = target.config.guard ?? DEFAULT_GUARD;
  const done = await guard({
    target,
    captured,
    pending,
    start: {
      id: randomBytes(4).toString('hex'),
      target: target.name,
      by: `terminal:${userInfo().username}@${hostname()}`,
      // Words after it may be passwords.
      command: `${basename(command[0] ?? '')}${command.length > 1 ? ' …' : ''}${options.unguarded ? ' (--unguarded)' : ''}`,
      policy: undo,
      windowSeconds: options.window ?? windowSeconds,
    },
    large: options.large === true,
    run: () => ran(command),
    say: (line) => process.stdout.write(`guard: ${line}\n`),
  });
  if (!done.ok) refused(done);
  else process.exitCode = done.exit;
}

/** One row does not tell what is pending; and of some only the tool itself can take a migration back. */
const UNGUARDED_TOOLS: ReadonlySet<MigrationTool> = new Set([
  'golang-migrate',
  'alembic',
  'sqitch',
  'pgroll',
]);

/** Why it is not even begun; the gravest first. */
async function cannot(
  target: Target,
  pending: readonly CapturedMigration[],
  { report, unguarded }: GuardOptions,
): Promise<Refusal | undefined> {
  const { tool, probes } = target.config;
  if (UNGUARDED_TOOLS.has(tool)) return refuse('GUARD_TOOL', { tool });
  if (probes.length === 0) return refuse('GUARD_NO_PROBES', { target: target.name });
  const held = await heldByGuards(target);
  for (const { name: migration } of pending) {
    const hold = held.find((it) => it.migration === migration);
    if (hold !== undefined)
      return refuse('GUARD_HELD', { migration, target: target.name, since: hold.since.toISOString() });
  }
  for (const migration of pending) {
    const found = await unreadable(migration);
    if (found !== undefined) return refuse('GUARD_OPAQUE', { migration: migration.name, found });
  }
  const untested = unguarded ? undefined : await firstUntested(pending, report);
  if (untested !== undefined) return untested;
  const red = (await runProbes(target))
    .filter(({ ok }) => !ok)
    .map(({ name, error }) => `${name} (${error ?? ''})`);
  return red.length === 0
    ? undefined
    : refuse('GUARD_RED_BEFORE', { target: target.name, found: red.join(', ') });
}

async function unreadable({ up }: CapturedMigration): Promise<string | undefined> {
  if (up === 'opaque') return 'it is code that could not be printed as SQL';
  const read = await analyse(up).catch(errorText);
  if (typeof read === 'string') return read;
  return read.statements.find(({ opaque }) => opaque)?.describe;
}

async function firstUntested(
  pending: readonly CapturedMigration[],
  report: string | undefined,
): Promise<Refusal | undefined> {
  const results =
    report === undefined ? {} : MigrationReport.parse(JSON.parse(await readFile(report, 'utf8'))).results;
  for (const one of pending) {
    const { name: migration, fileHash } = one;
    const tested = results[fileHash];
    const same = tested?.sql === undefined || tested.sql === sqlHash(one);
    if (tested?.result === 'passed' && same) continue;
    const found =
      tested === undefined || !same
        ? 'this file was not tested'
        : `${tested.result}, ${tested.reasons.join(' ')}`;
    return refuse('GUARD_UNTESTED', { migration, found });
  }
  return undefined;
}

/** What asks us to stop is passed on to the command, which knows what to do. */
function ran([program = '', ...args]: readonly string[]): Promise<number> {
  const child = spawn(program, args, { stdio: 'inherit' });
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGINT', pass).on('SIGTERM', pass);
  return new Promise<number>((done, failed) => {
    child.once('error', failed);
    child.once('close', (code) => done(code ?? 1));
  }).finally(() => process.off('SIGINT', pass).off('SIGTERM', pass));
}
