/** A real standby of a ground's server: its files copied while it runs, as a base backup is made, by SQL alone. */
import { execFile } from 'node:child_process';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { unprivilegedAccount } from '../src/store/embedded/binaries.ts';
import { startEmbedded } from '../src/store/embedded.ts';
import { eventually } from '../test/support/eventually.ts';
import type { Ground } from './ground.ts';

const run = promisify(execFile);

/** Resolves once it streams; answers a session on it, which ends with the ground as the standby does. */
export async function startStandby(ground: Ground): Promise<pg.Client> {
  const dataDir = await mkdtemp(join(tmpdir(), 'firebreak-standby-'));
  ground.onClose(() => rm(dataDir, { recursive: true, force: true }));
  await copyRunning(ground, dataDir);
  const standby = await startEmbedded({
    dataDir,
    temporary: true,
    settings: {
      fsync: 'off',
      max_connections: '60',
      primary_conninfo: `${ground.server.url}?application_name=replica_1`,
    },
  });
  ground.onClose(() => standby.stop());
  const client = new pg.Client({ connectionString: standby.url('postgres'), application_name: 'admin' });
  client.on('error', () => undefined);
  await client.connect();
  ground.onClose(() => client.end());
  await eventually(() => isStreaming(ground.admin), { within: 30_000 });
  return client;
}

async function copyRunning({ admin, server }: Ground, dataDir: string): Promise<void> {
  await admin.query(`select pg_backup_start('standby', true)`);
  // A file that is written to, or goes away, meanwhile is made right by the WAL: tar and cp only say so.
  await run('cp', ['-a', `${dirname(server.cluster)}/.`, dataDir]).catch(() => undefined);
  const { rows } = await admin.query<{ label: string }>('select labelfile as label from pg_backup_stop()');
  const cluster = join(dataDir, 'postgres');
  await rm(join(cluster, 'postmaster.pid'), { force: true });
  await own(join(cluster, 'backup_label'), rows[0]?.label ?? '');
  await own(join(cluster, 'standby.signal'), '');
}

async function own(file: string, text: string): Promise<void> {
  await writeFile(file, text);
  const account = await unprivilegedAccount();
  if (account) await chown(file, account.uid, account.gid);
}

async function isStreaming(admin: pg.Client): Promise<boolean> {
  const { rows } = await admin.query(`select from pg_stat_replication where state = 'streaming'`);
  return rows.length === 1;
}
