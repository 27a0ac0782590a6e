/** Starts and stops the server by pg_ctl, which detaches it from this process. */
import { spawn } from 'node:child_process';
import { chown, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { FirebreakError } from '../../errors.ts';
import type { Account } from './binaries.ts';
import { firstLine } from './cluster.ts';

/** Starts the server of the cluster on a free port; answers the port. */
export async function launch(
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
      // The detail of an error can be a whole row, with words that may have to be erased some day.
      log_error_verbosity: 'terse',
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

export function pgCtl(bin: string, args: readonly string[], account: Account | undefined): Promise<void> {
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
export function watchOwner(
  bin: string,
  cluster: string,
  dataDir: string,
  account: Account | undefined,
): void {
  const code = `
    const { spawnSync } = require('node:child_process');
    const { rmSync } = require('node:fs');
    const [pgCtl, cluster, dataDir, uid, gid] = process.argv.slice(1);
    const account = uid ? { uid: Number(uid), gid: Number(gid) } : {};
    process.stdin.resume().once('close', () => {
      spawnSync(pgCtl, ['stop', '-D', cluster, '-m', 'immediate'], { ...account, cwd: '/' });
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
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
