/** What a printer of code is: it loads a project's migration with the project's own tool, and has it say its SQL. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Recording } from './recording.ts';

/** One half: SQL, nothing at all, or why it cannot be told. */
export type Half = { readonly sql: string } | { readonly none: true } | { readonly why: string };

export interface Printed {
  /** As the history will hold it; that of the file unless told. */
  readonly name?: string;
  readonly up: Half;
  readonly down: Half;
}

/** Made once for a project's folder; called for each file of it. A file may hold several migrations. */
export type Printer = (dir: string) => Promise<(file: string) => Promise<readonly Printed[]>>;

type Exports = Readonly<Record<string, unknown>>;

/** The project's own copy of a package, found from its folder on upwards. */
export async function ofProject(dir: string, name: string): Promise<Exports> {
  const path = createRequire(join(dir, 'migration.js')).resolve(name);
  return flat((await import(pathToFileURL(path).href)) as Exports);
}

/** What a file of the project exports. */
export const loaded = async (dir: string, file: string): Promise<Exports> =>
  flat((await import(pathToFileURL(join(dir, file)).href)) as Exports);

/** CommonJS comes as a default, at times as the default of a default. */
function flat(exports: Exports): Exports {
  const inner = exports['default'];
  if (isFunction(inner)) return { ...exports, ...(inner as unknown as Exports) };
  if (typeof inner !== 'object' || inner === null) return exports;
  return { ...exports, ...flat(inner as Exports) };
}

/** Has one half said. */
export async function half(recording: Recording, work: (() => unknown) | undefined): Promise<Half> {
  if (work === undefined) return { none: true };
  try {
    const sql = await recording.during(() => Promise.resolve().then(work));
    return sql === '' ? { none: true } : { sql };
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) };
  }
}

export const isFunction = (value: unknown): value is (...given: readonly unknown[]) => unknown =>
  typeof value === 'function';
