/** `firebreak migrations list|capture`: what is applied; captured as data beside the project's own tool. */
import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { captureProject } from '../capture/project.ts';
import { botAddress } from '../config.ts';
import { appliedMigrations } from '../databases/history.ts';
import type { MigrationTool } from '../domain/migration-tools.ts';
import type { CapturedMigration } from '../domain/plan.ts';
import type { AppliedMigration } from '../domain/sweep.ts';
import { FirebreakError } from '../errors.ts';
import { outbound } from '../outbound.ts';
import { testCommand } from './migrations-test.ts';
import { printJson, toolOption } from './options.ts';
import { onTarget, type TargetOptions, withTarget } from './targets.ts';

interface CaptureOptions {
  readonly tool: MigrationTool;
  readonly dir: string;
  readonly target: string;
  readonly out?: string;
}

export const migrationsCommand = (): Command =>
  new Command('migrations')
    .description("A project's migrations, as data")
    .addCommand(listCommand())
    .addCommand(captureCommand())
    .addCommand(testCommand());

const listCommand = (): Command =>
  withTarget(new Command('list'))
    .description('What is applied to a target, newest first')
    .option('--json', 'print facts as JSON')
    .action(async (options: TargetOptions & { json?: true }) => {
      const { target, applied } = await onTarget(options, async (it) => ({
        target: it.name,
        applied: await appliedMigrations(it),
      }));
      if (options.json) printJson({ target, migrations: applied.map(appliedFacts) });
      else process.stdout.write(applied.map(inLine).join('') || `Nothing is applied to ${target}.\n`);
    });

const appliedFacts = ({ name, appliedAt, state }: AppliedMigration) => ({
  name,
  applied_at: appliedAt?.toISOString() ?? 'unknown',
  state: state ?? 'applied',
});

const inLine = (migration: AppliedMigration): string => {
  const { name, applied_at, state } = appliedFacts(migration);
  return `${applied_at.padEnd(24)}  ${name}${state === 'applied' ? '' : `  ${state.toUpperCase()}`}\n`;
};

const captureCommand = (): Command =>
  new Command('capture')
    .description(
      'Record name, hash, up and down of each migration; sent to $FIREBREAK_URL with $FIREBREAK_TOKEN',
    )
    .requiredOption('--dir <dir>', 'the folder of the migrations')
    .requiredOption('--target <name>', 'the target of firebreak.yml that they belong to')
    .addOption(toolOption())
    .option('--out <file>', 'write them there instead of sending them')
    .action(capture);

async function capture({ tool, dir, target, out }: CaptureOptions): Promise<void> {
  const { migrations, opaque } = await captureProject(tool, dir);
  for (const line of opaque) process.stderr.write(`opaque: ${line}\n`);
  if (out === undefined) await sendMigrations({ ...botAddress(), target, migrations });
  else await writeFile(out, `${body(target, migrations)}\n`);
  const lacking = migrations.filter(({ down }) => down === undefined).map(({ name }) => name);
  const warned = lacking.length === 0 ? '' : `; without a down: ${lacking.join(', ')}`;
  process.stdout.write(`${migrations.length} migrations captured${warned}\n`);
}

interface Sending {
  readonly url: string;
  readonly token: string;
  readonly target: string;
  readonly migrations: readonly CapturedMigration[];
}

/** Posts captured migrations to the bot, in as many requests as its limit for one asks for. */
export async function sendMigrations(wish: Sending): Promise<void> {
  for (const migrations of inParts(wish.migrations)) await sendPart({ ...wish, migrations });
}

/** The bot takes 1 MiB, the frame included. */
const PART_BYTES = 900_000;

function inParts(migrations: readonly CapturedMigration[]): readonly (readonly CapturedMigration[])[] {
  const parts: CapturedMigration[][] = [[]];
  let size = 0;
  for (const migration of migrations) {
    const bytes = Buffer.byteLength(JSON.stringify(migration));
    if (size > 0 && size + bytes > PART_BYTES) {
      parts.push([]);
      size = 0;
    }
    parts.at(-1)?.push(migration);
    size += bytes;
  }
  return parts;
}

async function sendPart(wish: Sending): Promise<void> {
  const response = await outbound(new URL('/events/changes', wish.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${wish.token}` },
    body: body(wish.target, wish.migrations),
  }).catch((error: unknown) => {
    throw new FirebreakError('CAPTURE_UNSENT', { found: `${wish.url} does not answer` }, error);
  });
  if (!response.ok)
    throw new FirebreakError('CAPTURE_UNSENT', { found: `${response.status} ${await response.text()}` });
}

/** Opaque ones (code, not SQL) are named as such. */
const body = (target: string, migrations: readonly CapturedMigration[]): string =>
  JSON.stringify({
    target,
    migrations: migrations.map(({ name, fileHash, up, down }) => ({
      name,
      fileHash,
      ...(up === 'opaque' ? { upOpaque: true } : { up }),
      ...(down === undefined ? {} : down === 'opaque' ? { downOpaque: true } : { down }),
    })),
  });
