import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbedded } from '../../src/store/embedded.ts';

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

    await first.stop();
    const third = await startEmbedded({ dataDir, settings });
    expect(third.adopted).toBe(false);
    expect(await query(third.url('app'), 'select n from kept')).toEqual([{ n: 7 }]);
    await third.stop();
  });
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
