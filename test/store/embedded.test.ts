import { spawn } from 'node:child_process';
import { chown, mkdir, mkdtemp, readdir, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { prepareFolder } from '../../src/store/embedded/cluster.ts';
import { startEmbedded } from '../../src/store/embedded.ts';
import { PACKAGE_ROOT } from '../../src/version.ts';
import { eventually } from '../support/eventually.ts';

const settings = { fsync: 'off' };

describe('the embedded PostgreSQL', () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'firebreak-embedded-'));
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  it('starts, is adopted by a second start, keeps its rows over a stop, and knows its owner', async () => {
    const first = await startEmbedded({ dataDir, settings });
    await first.ensureDatabase('app');
    await query(first.url('app'), 'create table kept as select 7 as n');
    await first.claim();

    const second = await startEmbedded({ dataDir, settings });
    expect(second.adopted).toBe(true);
    expect(second.port).toBe(first.port);
    await expect(second.claim()).rejects.toMatchObject({ code: 'DATA_DIR_IN_USE' });

    // Another process that has started it, and only used it.
    await second.leave();
    await first.release();
    await second.claim();
    await first.leave();
    expect(await query(second.url('app'), 'select n from kept')).toEqual([{ n: 7 }]);
    await second.release();

    await first.leave();
    const third = await startEmbedded({ dataDir, settings });
    expect(third.adopted).toBe(false);
    expect(await query(third.url('app'), 'select n from kept')).toEqual([{ n: 7 }]);
    await third.stop();
  });

  it('lets nobody in without its secret, which is for its owner alone, and listens on loopback', async () => {
    const server = await startEmbedded({ dataDir, settings });
    const modeOf = async (name: string): Promise<number> => (await stat(join(dataDir, name))).mode & 0o777;
    expect([await modeOf('secret'), await modeOf('postgres')]).toEqual([0o600, 0o700]);
    for (const password of ['', 'postgres', 'firebreak']) {
      const url = Object.assign(new URL(server.url('postgres')), { password }).href;
      await expect(query(url, 'select 1')).rejects.toThrow(/password/);
    }
    expect(await query(server.url('postgres'), 'select distinct auth_method from pg_hba_file_rules')).toEqual(
      [{ auth_method: 'scram-sha-256' }],
    );
    expect(await query(server.url('postgres'), 'show listen_addresses')).toEqual([
      { listen_addresses: '127.0.0.1' },
    ]);
    await server.stop();
  });

  it('never removes a cluster whose secret is missing or cannot be read', async () => {
    await (await startEmbedded({ dataDir, settings })).stop();
    const secret = join(dataDir, 'secret');
    await rename(secret, `${secret}.away`);
    await expect(startEmbedded({ dataDir, settings })).rejects.toMatchObject({
      code: 'DATA_DIR_WITHOUT_SECRET',
    });
    // As root nothing is forbidden to read; a folder cannot be read either.
    await mkdir(secret);
    await expect(startEmbedded({ dataDir, settings })).rejects.toMatchObject({
      code: 'EMBEDDED_POSTGRES_FAILED',
      message: expect.stringContaining('EISDIR') as string,
    });
    await rmdir(secret);
    await rename(`${secret}.away`, secret);
    const again = await startEmbedded({ dataDir, settings });
    expect(await query(again.url('postgres'), 'select 1 as n')).toEqual([{ n: 1 }]);
    await again.stop();
  });

  (process.getuid?.() === 0 ? it : it.skip)(
    'started by root, the server of a service is still that of its user',
    async () => {
      await (await startEmbedded({ dataDir, settings })).stop();
      const service = 4711;
      for (const name of ['.', ...(await readdir(dataDir, { recursive: true }))])
        await chown(join(dataDir, name), service, service);
      const visited = await startEmbedded({ dataDir, settings });
      expect(await query(visited.url('postgres'), 'select 1 as n')).toEqual([{ n: 1 }]);
      const owner = async (name: string) => (await stat(join(dataDir, name))).uid;
      expect(await owner('postgres.log')).toBe(service);
      expect(await owner('postgres/postmaster.pid')).toBe(service);
      await visited.stop();
    },
  );

  it('says what initdb said', async () => {
    const initdb = join(dataDir, 'initdb');
    await writeFile(initdb, '#!/bin/sh\necho >&2 "initdb: error: no such user"\nexit 1\n', { mode: 0o755 });
    await expect(prepareFolder(dataDir, join(dataDir, 'cluster'), dataDir, undefined)).rejects.toMatchObject({
      message: expect.stringContaining('no such user') as string,
    });
  });

  it('starts in a folder whose first start was killed while the cluster was made', async () => {
    const half = spawn(
      process.execPath,
      [
        ...['--import', 'tsx', '--input-type=module', '-e'],
        `import { startEmbedded } from './src/store/embedded.ts';
         await startEmbedded({ dataDir: ${JSON.stringify(dataDir)} });`,
      ],
      { cwd: PACKAGE_ROOT, stdio: 'ignore' },
    );
    const ended = new Promise((done) => half.once('exit', done));
    const begun = async () =>
      (await readdir(dataDir, { recursive: true })).find((it) => /PG_VERSION$/.test(it));
    await eventually(begun, { within: 20_000, every: 1 });
    half.kill('SIGKILL');
    await ended;
    const server = await startEmbedded({ dataDir, settings });
    expect(await query(server.url('postgres'), 'select 1 as n')).toEqual([{ n: 1 }]);
    await server.stop();
    const drafts = (await readdir(dataDir)).filter((name) => name.startsWith('postgres.new.'));
    // initdb itself lives on for a moment, and may have written into its draft meanwhile.
    if (drafts.length > 0) await (await startEmbedded({ dataDir, settings })).stop();
    expect((await readdir(dataDir)).sort()).toEqual(['postgres', 'postgres.log', 'secret']);
  }, 60_000);

  it('is one server when two first starts come at once', async () => {
    const servers = await Promise.all([1, 2, 3].map(() => startEmbedded({ dataDir, settings })));
    expect(new Set(servers.map(({ port }) => port)).size).toBe(1);
    expect(servers.filter(({ adopted }) => !adopted)).toHaveLength(1);
    for (const server of servers) {
      expect(await query(server.url('postgres'), 'select 1 as n')).toEqual([{ n: 1 }]);
    }
    await servers[0]?.stop();
  }, 60_000);
});

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows as unknown[];
  } finally {
    await client.end();
  }
}
