/** `firebreak migrations`: captured as data beside the project's own tool, where its code is. */
import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { captureMigrations } from '../databases/history.ts';
import type { CapturedMigration } from '../domain/plan.ts';
import { FirebreakError } from '../errors.ts';

export interface CaptureOptions {
  readonly tool: 'node-pg-migrate';
  readonly dir: string;
  readonly target: string;
  readonly out?: string;
}

export const migrationsCommand = (): Command =>
  new Command('migrations').description("A project's migrations, as data").addCommand(captureCommand());

const captureCommand = (): Command =>
  new Command('capture')
    .description(
      'Record name, hash, up and down of each migration; sent to $FIREBREAK_URL with $FIREBREAK_TOKEN',
    )
    .requiredOption('--dir <dir>', 'the folder of the migrations')
    .requiredOption('--target <name>', 'the target of firebreak.yml that they belong to')
    .addOption(new Option('--tool <tool>').choices(['node-pg-migrate']).default('node-pg-migrate'))
    .option('--out <file>', 'write them there instead of sending them')
    .action(async (options: CaptureOptions) => {
      const migrations = await captureMigrations({ tool: options.tool, dir: options.dir });
      if (options.out === undefined) await send(options.target, migrations);
      else await writeFile(options.out, `${body(options.target, migrations)}\n`);
      process.stdout.write(`${migrations.length} migrations captured\n`);
    });

async function send(target: string, migrations: readonly CapturedMigration[]): Promise<void> {
  const { FIREBREAK_URL: url, FIREBREAK_TOKEN: token } = process.env;
  if (!url || !token) throw new FirebreakError('CAPTURE_NOWHERE', {});
  await sendMigrations({ url, token, target, migrations });
}

/** Posts captured migrations to the bot. */
export async function sendMigrations(wish: {
  readonly url: string;
  readonly token: string;
  readonly target: string;
  readonly migrations: readonly CapturedMigration[];
}): Promise<void> {
  const response = await fetch(new URL('/events/changes', wish.url), {
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
