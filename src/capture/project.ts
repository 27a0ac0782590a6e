/** Captures a project's migrations where the project lives: SQL as text, and code as the SQL that it would send. */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { extname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { z } from 'zod';
import { captureMigrations } from '../databases/history.ts';
import { type CodeMigration, filesOf, isCode, sha256 } from '../databases/history-files.ts';
import type { MigrationTool } from '../domain/migration-tools.ts';
import type { CapturedMigration } from '../domain/plan.ts';

export interface Capture {
  readonly migrations: readonly CapturedMigration[];
  /** Why a half is opaque, in words: `2_x.js, down: it asks the database: …`. */
  readonly opaque: readonly string[];
}

/** Tools whose migrations are code that can be made to say its SQL. */
const PRINTED: ReadonlySet<MigrationTool> = new Set(['node-pg-migrate', 'knex', 'typeorm', 'umzug']);

/** Loads the project's code, so never called by the bot. */
export async function captureProject(tool: MigrationTool, folder: string): Promise<Capture> {
  const dir = resolve(folder);
  const migrations = await captureMigrations({ tool, dir });
  if (!PRINTED.has(tool)) return { migrations, opaque: opaqueOnes(migrations) };
  const code = await filesOf(dir, isCode);
  if (code.length === 0) return { migrations, opaque: [] };
  const said = await printAll(
    tool,
    dir,
    code.map(({ file }) => file),
  );
  const opaque: string[] = [];
  const filledIn = migrations.flatMap((migration) => {
    if (!isCodeMigration(migration)) return [migration];
    const { file, ...plain } = migration;
    const printed = said.get(file) ?? { why: 'it was not printed' };
    if ('why' in printed) opaque.push(`${migration.name}: ${printed.why}`);
    return 'why' in printed ? [plain] : printed.all.map((it) => named(plain, it, opaque));
  });
  return { migrations: filledIn, opaque };
}

const isCodeMigration = (migration: CapturedMigration): migration is CodeMigration => 'file' in migration;

const opaqueOnes = (migrations: readonly CapturedMigration[]): string[] =>
  migrations.filter(({ up }) => up === 'opaque').map(({ name }) => `${name}: it is code`);

function named({ name: ofFile, fileHash }: CapturedMigration, printed: PrintedHalves, opaque: string[]) {
  const name = printed.name ?? ofFile;
  for (const which of ['up', 'down'] as const) {
    const it = printed[which];
    if ('why' in it) opaque.push(`${name}, ${which}: ${it.why}`);
  }
  const sql = (it: PrintedHalves['up']): string | undefined =>
    'sql' in it ? it.sql : 'why' in it ? 'opaque' : undefined;
  const [up = '', down] = [sql(printed.up), sql(printed.down)];
  // What code sends may lie in another file than its own.
  const hash = sha256(JSON.stringify([fileHash, up, down]));
  return { name, fileHash: hash, up, ...(down === undefined ? {} : { down }) };
}

const Half = z.union([
  z.object({ sql: z.string() }),
  z.object({ none: z.literal(true) }),
  z.object({ why: z.string() }),
]);
const Halves = z.object({ name: z.string().optional(), up: Half, down: Half });
type PrintedHalves = z.infer<typeof Halves>;
const Message = z.union([
  z.object({ begun: z.string() }),
  z.object({ file: z.string(), printed: z.array(Halves) }),
  z.object({ failed: z.string() }),
]);

type Said = { readonly all: readonly PrintedHalves[] } | { readonly why: string };

const FILE_MS = 10_000;

/** A file that ends the process, or never returns, is opaque; the others are printed by another process. */
async function printAll(
  tool: MigrationTool,
  dir: string,
  files: readonly string[],
): Promise<Map<string, Said>> {
  const said = new Map<string, Said>();
  for (let left = files; left.length > 0; left = files.filter((file) => !said.has(file))) {
    const { at, why } = await printSome(tool, dir, left, said);
    if (at !== undefined && !said.has(at)) said.set(at, { why });
    // Nothing was begun: the tool itself cannot be loaded.
    else if (at === undefined) for (const file of left) said.set(file, { why });
  }
  return said;
}

function printSome(
  tool: MigrationTool,
  dir: string,
  files: readonly string[],
  said: Map<string, Said>,
): Promise<{ readonly at: string | undefined; readonly why: string }> {
  const child = spawn(process.execPath, [...loaders(dir, files), CHILD, tool, dir, ...files], {
    cwd: dir,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  let at: string | undefined;
  let why = 'it ended the process';
  let timer: NodeJS.Timeout | undefined;
  const watch = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      why = `it did not end within ${FILE_MS / 1000} s`;
      child.kill('SIGKILL');
    }, FILE_MS);
  };
  watch();
  child.on('message', (raw) => {
    const { data: message } = Message.safeParse(raw);
    // A migration may send messages of its own.
    if (message === undefined) return;
    watch();
    if ('begun' in message) at = message.begun;
    else if ('failed' in message) why = message.failed;
    else said.set(message.file, { all: message.printed });
  });
  return new Promise((done) => {
    child.once('error', (error) => {
      why = error.message;
    });
    child.once('close', () => {
      clearTimeout(timer);
      done({ at, why });
    });
  });
}

const CHILD = fileURLToPath(new URL(`./child${extname(import.meta.url)}`, import.meta.url));

/** TypeScript is read by the project's own tsx, or by Node itself where it can; ours runs from source by our own. */
function loaders(dir: string, files: readonly string[]): string[] {
  const typescript = CHILD.endsWith('.ts') || files.some((file) => /\.[cm]?ts$/.test(file));
  if (!typescript) return [];
  for (const from of [join(dir, 'migration.js'), CHILD]) {
    try {
      return ['--import', pathToFileURL(createRequire(from).resolve('tsx')).href];
    } catch {
      // Not there: the next one.
    }
  }
  return [];
}
