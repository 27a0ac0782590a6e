/** The machine: whether the data folder can be written to, how much room its disk has, and whether the HTTP port is free. */
import { randomBytes } from 'node:crypto';
import { open, rm, stat, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { outbound } from '../outbound.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** Writes a file there, brings it to the disk, and removes it. A folder that is not there yet is tried where it would be made. */
export async function examineFolder(dataDir: string): Promise<readonly Finding[]> {
  const name = 'data folder';
  const folder = resolve(dataDir);
  const there = await nearestFolder(folder);
  const file = join(there, `.firebreak-doctor-${randomBytes(6).toString('hex')}`);
  try {
    const handle = await open(file, 'wx', 0o600);
    try {
      await handle.writeFile('doctor');
      await handle.sync();
    } finally {
      await handle.close();
      await rm(file, { force: true });
    }
    const found =
      there === folder ? `${folder} can be written to.` : `${folder} is not there yet, and can be made.`;
    return [ok(name, found), await disk(there)];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [
      fail(
        name,
        `${folder} cannot be written to: ${reason}.`,
        'Give it to the user that runs Firebreak (chown), or name another one by --data-dir or FIREBREAK_DATA_DIR.',
      ),
    ];
  }
}

/** The folder, or the innermost one above it that is there. */
export async function nearestFolder(folder: string): Promise<string> {
  const there = await stat(folder).then(
    () => true,
    () => false,
  );
  const above = dirname(folder);
  return there || above === folder ? folder : nearestFolder(above);
}

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

async function disk(folder: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(folder);
  return diskFinding(bavail * bsize, folder);
}

/** `free`: in bytes, for a user that is not root. */
export function diskFinding(free: number, folder: string): Finding {
  const name = 'disk';
  const found = `${free >= GIB ? `${(free / GIB).toFixed(1)} GiB` : `${Math.floor(free / MIB)} MiB`} are free at ${folder}.`;
  const fix = 'Make room, or move the data folder: a full disk stops the store, and with it the bot.';
  if (free < 100 * MIB) return fail(name, found, fix);
  return free < GIB ? warn(name, found, fix) : ok(name, found);
}

export interface HttpParts {
  readonly listen: { readonly host: string; readonly port: number };
  readonly tokens: readonly string[];
  readonly secrets: Readonly<Record<string, string>>;
}

export async function examineHttp({ listen, tokens, secrets }: HttpParts): Promise<Finding> {
  const name = 'http';
  const { host, port } = listen;
  const place = `${host}:${port}`;
  const entrances = tokens.length + Object.keys(secrets).length;
  const closed = entrances > 0 ? '' : ' Nothing can be sent to it: FIREBREAK_TOKEN is not set.';
  if (port === 0) return ok(name, `A free port of ${host} is taken.${closed}`);
  const trouble = await bindTrouble(host, port);
  if (trouble === undefined) return ok(name, `${place} is free.${closed}`);
  if (trouble === 'EADDRINUSE' && (await isOurs(host, port)))
    return ok(name, `A bot that runs answers at ${place}.${closed}`);
  return fail(name, `${place} cannot be listened at: ${trouble}.`, FIXES[trouble] ?? OTHER);
}

const OTHER = 'Set another address as http.listen in firebreak.yml.';
const FIXES: Readonly<Record<string, string>> = {
  EADDRINUSE:
    'Stop the other program that listens there, or set another port as http.listen in firebreak.yml.',
  EACCES: 'Ports below 1024 need a right of their own: set a higher one as http.listen in firebreak.yml.',
  EADDRNOTAVAIL: 'The host of http.listen is no address of this machine; 127.0.0.1 and 0.0.0.0 always are.',
};

const bindTrouble = (host: string, port: number): Promise<string | undefined> =>
  new Promise((done) => {
    const server = createServer();
    server.once('error', (error) => done('code' in error ? String(error.code) : error.message));
    server.listen(port, host, () => server.close(() => done(undefined)));
  });

const ASK_MS = 2000;

/** `/readyz` of a Firebreak names the parts of a Firebreak. */
async function isOurs(host: string, port: number): Promise<boolean> {
  const reached = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  const url = `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}/readyz`;
  try {
    const answer = await outbound(url, { signal: AbortSignal.timeout(ASK_MS) });
    const body: unknown = await answer.json();
    return typeof body === 'object' && body !== null && 'database' in body && 'queue' in body;
  } catch {
    return false;
  }
}
