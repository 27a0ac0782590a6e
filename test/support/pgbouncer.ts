/** A real PgBouncer in front of the tests' server, in transaction mode unless told; undefined where it is not installed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdtemp, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { unprivilegedAccount } from '../../src/store/embedded/binaries.ts';
import { eventually } from './eventually.ts';

export interface PgBouncer {
  /** The same URL, through the pooler. */
  through(url: string): string;
  close(): Promise<void>;
}

/** Where Debian puts it; .ci/run installs it. */
const BIN = '/usr/sbin/pgbouncer';

export const hasPgBouncer = (): boolean => existsSync(BIN);

const UNTIL_CLOSED = `${BIN} -q "$0" & cat; kill -9 $!; rm -rf "$(dirname "$0")"`;

/** Unless told one server connection for each user and database: sessions of the application and ours are the same. */
export async function startPgBouncer(
  serverUrl: string,
  passwords: Readonly<Record<string, string>>,
  { mode = 'transaction', size = 1 }: { mode?: 'transaction' | 'session'; size?: number } = {},
): Promise<PgBouncer> {
  const folder = await mkdtemp(join(tmpdir(), 'firebreak-pgbouncer-'));
  const port = await freePort();
  const users = Object.entries(passwords).map(([user, password]) => `"${user}" "${password}"\n`);
  const config = [
    '[databases]',
    `* = host=127.0.0.1 port=${new URL(serverUrl).port}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    `pool_mode = ${mode}`,
    `default_pool_size = ${size}`,
    'auth_type = plain',
    `auth_file = ${folder}/users.txt`,
  ];
  await writeFile(join(folder, 'users.txt'), users.join(''));
  await writeFile(join(folder, 'pgbouncer.ini'), `${config.join('\n')}\n`);
  // It refuses to run as root.
  const account = await unprivilegedAccount();
  if (account)
    for (const path of [folder, join(folder, 'users.txt'), join(folder, 'pgbouncer.ini')])
      await chown(path, account.uid, account.gid);
  // It holds a pipe from us: when we are gone, however we went, it stops.
  const child = spawn('sh', ['-c', UNTIL_CLOSED, join(folder, 'pgbouncer.ini')], {
    ...account,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const through = (url: string): string => {
    const pooled = new URL(url);
    pooled.port = String(port);
    return pooled.href;
  };
  await eventually(() => answers(through(serverUrl), passwords));
  return {
    through,
    close: () => ended(child),
  };
}

async function answers(url: string, passwords: Readonly<Record<string, string>>): Promise<boolean> {
  const [user, password] = Object.entries(passwords)[0] ?? [];
  const as = new URL(url);
  as.username = user ?? '';
  as.password = password ?? '';
  const client = new pg.Client({ connectionString: as.href });
  await client.connect();
  await client.end();
  return true;
}

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((done) => {
    if (child.exitCode !== null) {
      done();
      return;
    }
    child.once('exit', () => done());
    child.stdin?.end();
  });

const freePort = (): Promise<number> =>
  new Promise((done) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => done(port));
    });
  });
