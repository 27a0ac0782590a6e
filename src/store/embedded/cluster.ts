/** The cluster of a data folder: made once with a secret of its own, found again while it runs. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { FirebreakError } from '../../errors.ts';
import type { Account } from './binaries.ts';

const run = promisify(execFile);
export const SUPERUSER = 'firebreak';

/** Makes folder, secret and cluster; answers the superuser's password. A cluster that is there is never touched. */
export async function prepareFolder(
  dataDir: string,
  cluster: string,
  bin: string,
  account: Account | undefined,
): Promise<string> {
  await mkdir(dataDir, { recursive: true });
  // The server's user must be able to pass through, not to list.
  if (account) await chmod(dataDir, 0o711);
  await removeStaleDrafts(dataDir, cluster);
  const secretFile = join(dataDir, 'secret');
  try {
    const made = await isCluster(cluster);
    const saved = await ifThere(readFile(secretFile, 'utf8'));
    if (made && saved === undefined) throw new FirebreakError('DATA_DIR_WITHOUT_SECRET', { found: dataDir });
    const secret = saved ?? (await makeSecret(secretFile));
    if (!made) await makeCluster(cluster, secret, bin, account);
    return secret;
  } catch (error) {
    if (error instanceof FirebreakError) throw error;
    const log = join(dataDir, 'postgres.log');
    throw new FirebreakError(
      'EMBEDDED_POSTGRES_FAILED',
      { found: saidByInitdb(error) ?? firstLine(error), log },
      error,
    );
  }
}

/** Whole or not at all; of two first starts at once the second takes the secret of the first. */
async function makeSecret(file: string): Promise<string> {
  const draft = `${file}.${randomBytes(4).toString('hex')}`;
  await writeFile(draft, randomBytes(24).toString('hex'), { mode: 0o600, flush: true });
  try {
    await link(draft, file).catch(unlessCode('EEXIST'));
  } finally {
    await rm(draft, { force: true });
  }
  return readFile(file, 'utf8');
}

/** The drafts that this process works on: after a restart in a container it may have the id of the one before. */
const drafts = new Set<string>();

/** Made beside its place and put there whole: what a `kill -9` leaves half-made is only a draft. */
async function makeCluster(cluster: string, secret: string, bin: string, account?: Account): Promise<void> {
  const draft = `${cluster}.new.${process.pid}.${randomBytes(4).toString('hex')}`;
  drafts.add(draft);
  try {
    await initCluster(draft, secret, bin, account);
    await rename(draft, cluster).catch(async (error: unknown) => {
      // Of two first starts at once, the one that comes second uses what the first one put there.
      if (!(await isCluster(cluster))) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
    drafts.delete(draft);
  }
}

async function initCluster(folder: string, secret: string, bin: string, account?: Account): Promise<void> {
  await mkdir(folder, { mode: 0o700 });
  const passwordFile = `${folder}.pw`;
  try {
    await writeFile(passwordFile, secret, { mode: 0o600 });
    if (account)
      await Promise.all([folder, passwordFile].map((path) => chown(path, account.uid, account.gid)));
    const args = ['-D', folder, '-U', SUPERUSER, '-A', 'scram-sha-256', `--pwfile=${passwordFile}`];
    await run(join(bin, 'initdb'), [...args, '-E', 'UTF8', '--locale=C', '--no-sync'], {
      ...account,
      cwd: '/',
    });
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/** What starts left that were killed; a draft that somebody still writes to may stay until the next start. */
async function removeStaleDrafts(dataDir: string, cluster: string): Promise<void> {
  const prefix = `${basename(cluster)}.new.`;
  for (const name of await readdir(dataDir)) {
    if (!name.startsWith(prefix)) continue;
    const owner = Number.parseInt(name.slice(prefix.length), 10);
    const path = join(dataDir, name);
    const live = owner === process.pid ? drafts.has(path.replace(/\.pw$/, '')) : isRunning(owner);
    if (!live) await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** The port of the server that holds this cluster, if one answers with our secret and our folder. */
export async function runningPort(cluster: string, secret: string): Promise<number | undefined> {
  const pidFile = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  const port = Number(pidFile.split('\n')[3]);
  if (!port) return undefined;
  const client = new pg.Client({
    connectionString: `postgres://${SUPERUSER}:${secret}@127.0.0.1:${port}/postgres`,
    connectionTimeoutMillis: 3000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>('show data_directory');
    return rows[0]?.data_directory === cluster ? port : undefined;
  } catch {
    return undefined;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The same of a server that is just starting; undefined at once when there is none. */
export async function comingPort(cluster: string, secret: string): Promise<number | undefined> {
  for (let look = 0; look < 50; look += 1) {
    const port = await runningPort(cluster, secret);
    if (port !== undefined) return port;
    if ((await ifThere(stat(join(cluster, 'postmaster.pid')))) === undefined) return undefined;
    await sleep(100);
  }
  return undefined;
}

/** Throws when it cannot be seen whether one is there. */
export const isCluster = async (folder: string): Promise<boolean> =>
  (await ifThere(stat(join(folder, 'PG_VERSION')))) !== undefined;

/** Only what is not there counts as new: what cannot be read is somebody's. */
const ifThere = <T>(read: Promise<T>): Promise<T | undefined> => read.catch(unlessCode('ENOENT'));

const unlessCode =
  (code: string) =>
  (error: unknown): undefined => {
    if (codeOf(error) !== code) throw error;
  };

const codeOf = (error: unknown): unknown => (error as { readonly code?: unknown } | null)?.code;

export const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n').find((line) => line.trim() !== '') ??
  'unknown';

/** What initdb itself says of it; else the command that failed. */
const saidByInitdb = (error: unknown): string | undefined =>
  /^initdb: (.+)$/m.exec(String((error as { readonly stderr?: unknown }).stderr))?.[0];
