/** Migrations as files: read as text, never loaded. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { CapturedMigration } from '../domain/plan.ts';
import { statementsOf } from './parse.ts';

/** What a file holds, and its SHA-256. */
export interface MigrationFile {
  /** Without the folder. */
  readonly file: string;
  readonly text: string;
  readonly hash: string;
}

const CODE = new Set(['.js', '.ts', '.cjs', '.mjs', '.cts', '.mts']);

/** Whether a file is code, by its ending; a declaration is none. */
export const isCode = (file: string): boolean =>
  CODE.has(extname(file).toLowerCase()) && !/\.d\.[cm]?ts$/.test(file);

/** The files of a folder that are asked for, in the order of their names. */
export async function filesOf(dir: string, wanted: (file: string) => boolean): Promise<MigrationFile[]> {
  const names = (await readdir(dir, { withFileTypes: true }))
    .filter((entry) => !entry.isDirectory() && wanted(entry.name))
    .map(({ name }) => name);
  return Promise.all(names.sort(byName).map((file) => readMigration(dir, file)));
}

/** Reads one file of a folder. */
export async function readMigration(dir: string, file: string): Promise<MigrationFile> {
  const content = await readFile(join(dir, file));
  return { file, text: content.toString('utf8'), hash: sha256(content) };
}

export const sha256 = (content: string | Buffer): string =>
  createHash('sha256').update(content).digest('hex');

/** Plain order of characters: the tools' own, whatever language the machine speaks. */
export const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A name without its ending. */
export const stem = (file: string): string => basename(file, extname(file));

/** A migration of SQL; a down without a statement is none. */
export async function sqlMigration(
  name: string,
  fileHash: string,
  up: string,
  down: string | undefined,
): Promise<CapturedMigration> {
  const none = down === undefined || (await isEmpty(down));
  return { name, fileHash, up, ...(none ? {} : { down }) };
}

/** What cannot be read without loading it. */
export const codeMigration = (name: string, { file, hash }: MigrationFile): CodeMigration => ({
  name,
  file,
  fileHash: hash,
  up: 'opaque',
  down: 'opaque',
});

/** Of which file it is: two of them may hold the very same code. */
export interface CodeMigration extends CapturedMigration {
  readonly file: string;
}

/** What cannot be parsed is not empty: the plan refuses it by name. */
const isEmpty = (sql: string): Promise<boolean> =>
  statementsOf(sql).then(
    (statements) => statements.length === 0,
    () => false,
  );

/** `<name>.up.sql` with `<name>.down.sql`, if there is one; `named` says how the history calls `<name>`. */
export async function pairs(
  dir: string,
  named: (stem: string) => string = (it) => it,
): Promise<CapturedMigration[]> {
  const files = await filesOf(dir, (file) => file.endsWith(UP) || file.endsWith(DOWN));
  const downs = new Map(files.filter(({ file }) => file.endsWith(DOWN)).map((it) => [it.file, it]));
  return Promise.all(
    files
      .filter(({ file }) => file.endsWith(UP))
      .map(({ file, text, hash }) => {
        const name = file.slice(0, -UP.length);
        const down = downs.get(`${name}${DOWN}`);
        return sqlMigration(named(name), down ? sha256(`${hash}${down.hash}`) : hash, text, down?.text);
      }),
  );
}

const UP = '.up.sql';
const DOWN = '.down.sql';
