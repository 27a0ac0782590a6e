/** The command line as people run it: a process of its own, with nothing in its environment but what is given. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/version.ts';
import { MAIN } from '../support/built.ts';

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `firebreak …` to its end. */
export function firebreak(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const { PATH = '', HOME = '' } = process.env;
  return new Promise((done) => {
    execFile(
      process.execPath,
      [MAIN, ...args],
      { cwd: PACKAGE_ROOT, env: { PATH, HOME, ...env } },
      (error, out, err) => done({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

export interface Folder {
  readonly path: string;
  /** Writes a file and answers its path. */
  write(name: string, text: string): Promise<string>;
  remove(): Promise<void>;
}

/** A folder for a test file. */
export async function temporaryFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'firebreak-cli-'));
  return {
    path,
    async write(name, text) {
      await writeFile(join(path, name), text);
      return join(path, name);
    },
    remove: () => rm(path, { recursive: true }),
  };
}

/** A configuration with one target, `shop`. */
export const CONFIG = `
slack: { incidents_channel: C0123456789 }
targets:
  shop: { diag_url_env: SHOP_DIAG_URL, act_url_env: SHOP_ACT_URL, ddl_url_env: SHOP_DDL_URL }
`;
