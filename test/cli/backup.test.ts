/** From DATABASE_URL into a data folder and out again, as people do it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedServer, startEmbedded } from '../../src/store/embedded.ts';
import { createTestApp, PEOPLE, type TestApp } from '../support/app.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type Ended, type Folder, firebreak, temporaryFolder } from './support.ts';

describe('firebreak backup and restore', () => {
  let bot: TestApp;
  let empty: TestDatabase;
  let folder: Folder;
  let dataDir: string;
  let embedded: EmbeddedServer;
  beforeAll(async () => {
    bot = await createTestApp();
    await bot.say(PEOPLE.oncall, 'declare sev2 order status page is down');
    await bot.say(PEOPLE.oncall, 'note inc-1 the first');
    empty = await createTestDatabase('empty');
    folder = await temporaryFolder();
    dataDir = await mkdtemp(join(tmpdir(), 'firebreak-kept-'));
    embedded = await startEmbedded({ dataDir, temporary: true, settings: { fsync: 'off' } });
    await embedded.claim();
  }, 60_000);
  afterAll(async () => {
    await embedded.stop();
    await rm(dataDir, { recursive: true, force: true });
    await folder.remove();
    await empty.drop();
    await bot.close();
  });

  const into = (file: string): Promise<Ended> => firebreak(['restore', file, '--data-dir', dataDir]);

  it('goes from DATABASE_URL into a data folder, from there to another database, and is verified', async () => {
    const [there, back] = [join(folder.path, 'there'), join(folder.path, 'back')];
    expect(await firebreak(['backup', '--out', there], { DATABASE_URL: bot.store.url })).toMatchObject({
      code: 0,
      out: expect.stringContaining('1 incident, 2 timeline entries, ') as string,
    });
    expect(await into(there)).toMatchObject({
      code: 1,
      err: expect.stringContaining(`The data folder ${dataDir} is in use`) as string,
    });
    await embedded.release();
    const twice = await firebreak(['restore', there, '--data-dir', dataDir], { DATABASE_URL: empty.url });
    expect(twice).toMatchObject({ code: 1, err: expect.stringContaining('names another one') as string });
    expect(await into(there)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Restored 1 incident, .*\nVerified 1 timeline\.\n$/) as string,
    });
    expect(await into(there)).toMatchObject({
      code: 1,
      err: expect.stringContaining('This store is not empty: it has rows in ') as string,
    });
    expect(await firebreak(['backup', '--out', back, '--data-dir', dataDir])).toMatchObject({ code: 0 });
    const env = { DATABASE_URL: empty.url };
    expect(await firebreak(['restore', back], env)).toMatchObject({ code: 0 });
    const head = (await bot.app.record(1))?.headHash ?? '';
    expect((await firebreak(['verify', '1', '--anchor', head], env)).out).toContain(`head ${head}`);
  }, 60_000);

  it('a database that was never used is nothing to back up', async () => {
    const unused = await createTestDatabase('empty');
    const out = join(folder.path, 'none');
    const ended = await firebreak(['backup', '--out', out], { DATABASE_URL: unused.url });
    expect(ended).toMatchObject({
      code: 1,
      err: expect.stringContaining('nothing to back up') as string,
    });
    await unused.drop();
  });
});
