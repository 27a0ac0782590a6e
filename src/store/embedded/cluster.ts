/** The cluster of a data folder: made once with a secret of its own, found again while it runs. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { FirebreakError } from '../../errors.ts';
import type { Account } from './binaries.ts';

const run = promisify(execFile);
export const SUPERUSER = 'firebreak';

/** Makes folder, secret and cluster; answers the superuser's password. */
export async function prepareFolder(
  dataDir: string,
  cluster: string,
  bin: string,
  account: Account | undefined,
): Promise<string> {
  await mkdir(dataDir, { recursive: true });
  // The server's user must be able to pass through, not to list.
  if (account) await chmod(dataDir, 0o711);
  const secretFile = join(dataDir, 'secret');
  const saved = await readFile(secretFile, 'utf8').catch(() => undefined);
  if (saved !== undefined && (await exists(join(cluster, 'PG_VERSION')))) return saved;
  const secret = randomBytes(24).toString('hex');
  await writeFile(secretFile, secret, { mode: 0o600 });
  await initCluster(cluster, secret, bin, account);
  return secret;
}

async function initCluster(cluster: string, secret: string, bin: string, account?: Account): Promise<void> {
  await rm(cluster, { recursive: true, force: true });
  await mkdir(cluster, { mode: 0o700 });
  const passwordFile = `${cluster}.pw`;
  await writeFile(passwordFile, secret, { mode: 0o600 });
  if (account)
    await Promise.all([cluster, passwordFile].map((path) => chown(path, account.uid, account.gid)));
  const args = ['-D', cluster, '-U', SUPERUSER, '-A', 'scram-sha-256', `--pwfile=${passwordFile}`];
  try {
    await run(join(bin, 'initdb'), [...args, '-E', 'UTF8', '--locale=C', '--no-sync'], {
      ...account,
      cwd: '/',
    });
  } catch (error) {
    throw new FirebreakError('EMBEDDED_POSTGRES_FAILED', { found: firstLine(error), log: cluster }, error);
  } finally {
    await rm(passwordFile, { force: true });
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

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

export const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n').find((line) => line.trim() !== '') ??
  'unknown';
