import { copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decide } from '../../src/domain/decide.ts';
import type { Incident } from '../../src/domain/incident.ts';
import { loadIncident, remindable, saveIncident } from '../../src/store/incidents.ts';
import { migrate } from '../../src/store/migrate.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { PACKAGE_ROOT, VERSION } from '../../src/version.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

describe("the migrations of the bot's own store", () => {
  let database: TestDatabase;
  let store: Store;
  let folder: string;
  beforeEach(async () => {
    database = await createTestDatabase('empty');
    store = openStore(database.url);
    folder = await mkdtemp(join(tmpdir(), 'firebreak-migrations-'));
  });
  afterEach(async () => {
    await store.close();
    await database.drop();
    await rm(folder, { recursive: true });
  });

  const write = (name: string, worksBeside: string, sql: string): Promise<void> =>
    writeFile(join(folder, name), `-- works-beside: ${worksBeside}\n${sql}\n`);
  const tables = async (): Promise<readonly string[]> => {
    const { rows } = await store.query<{ name: string }>(
      `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1`,
    );
    return rows.map(({ name }) => name);
  };
  const recorded = async (): Promise<readonly string[]> => {
    const { rows } = await store.query<{ name: string }>('select name from firebreak_migrations order by id');
    return rows.map(({ name }) => name);
  };

  it('that are shipped apply once', async () => {
    const shipped = (await readdir(join(PACKAGE_ROOT, 'src', 'store', 'migrations'))).sort();
    expect(await migrate(store)).toEqual(shipped);
    expect(await migrate(store)).toEqual([]);
    expect(await recorded()).toEqual(shipped);
  });

  it('apply in order, and only what is missing', async () => {
    await write('0002_more.sql', '1.0.0', 'alter table a add column c int;');
    await write('0001_first.sql', '1.0.0', 'create table a (b int); insert into a values (1);');
    expect(await migrate(store, '1.0.0', folder)).toEqual(['0001_first.sql', '0002_more.sql']);
    await write('0003_last.sql', '1.0.0', 'create table d ();');
    expect(await migrate(store, '1.1.0', folder)).toEqual(['0003_last.sql']);
    expect(await tables()).toEqual(['a', 'd', 'firebreak_migrations']);
  });

  it('of a newer program rule an older one out, before it touches anything', async () => {
    await write('0001_first.sql', '0.9.0', 'create table a ();');
    await write('0002_more.sql', '0.10.0', 'create table b ();');
    await migrate(store, '0.11.0', folder);
    await write('0003_other.sql', '0.1.0', 'create table c ();');
    await expect(migrate(store, '0.9.9', folder)).rejects.toMatchObject({
      code: 'STORE_TOO_NEW',
      message: expect.stringContaining('needs version 0.10.0 or later, this is 0.9.9') as string,
      fix: 'Install Firebreak 0.10.0 or later.',
    });
    expect(await tables()).toEqual(['a', 'b', 'firebreak_migrations']);
    expect(await migrate(store, '0.10.0', folder)).toEqual(['0003_other.sql']);
  });

  it('let an older program work beside a schema that allows it', async () => {
    await write('0001_first.sql', VERSION, 'create table a ();');
    await write('0002_newer.sql', VERSION, 'create table b ();');
    await migrate(store, '99.0.0', folder);
    await rm(join(folder, '0002_newer.sql'));
    expect(await migrate(store, VERSION, folder)).toEqual([]);
  });

  it('that fail leave nothing behind, and apply once they are mended', async () => {
    await write('0001_first.sql', '1.0.0', 'create table a ();');
    await write('0002_half.sql', '1.0.0', 'create table half (); select 1 / 0;');
    await write('0003_after.sql', '1.0.0', 'create table after ();');
    await expect(migrate(store, '1.0.0', folder)).rejects.toMatchObject({ code: '22012' });
    expect(await tables()).toEqual(['a', 'firebreak_migrations']);
    expect(await recorded()).toEqual(['0001_first.sql']);
    await write('0002_half.sql', '1.0.0', 'create table half ();');
    expect(await migrate(store, '1.0.0', folder)).toEqual(['0002_half.sql', '0003_after.sql']);
  });

  it('that do not say what may work beside them are refused unread', async () => {
    await writeFile(join(folder, '0001_first.sql'), 'create table a ();');
    await expect(migrate(store, '1.0.0', folder)).rejects.toMatchObject({
      code: 'MIGRATION_WITHOUT_VERSION',
    });
    expect(await tables()).toEqual([]);
  });

  it('of which two have one number are refused, before anything is applied', async () => {
    await write('0001_first.sql', '1.0.0', 'create table a ();');
    await write('0002_mine.sql', '1.0.0', 'create table b ();');
    await write('0002_yours.sql', '1.0.0', 'create table c ();');
    await expect(migrate(store, '1.0.0', folder)).rejects.toMatchObject({
      code: 'MIGRATION_NUMBER_TWICE',
      message: 'Two store migrations have one number: 0002_mine.sql and 0002_yours.sql.',
    });
    expect(await tables()).toEqual([]);
  });

  it('may take longer than any other statement', async () => {
    await write('0001_slow.sql', '1.0.0', 'create table a (); select pg_sleep(0.5);');
    const hasty = openStore(database.url, undefined, 200);
    const other = openStore(database.url, undefined, 200);
    const applied = await Promise.all([migrate(hasty, '1.0.0', folder), migrate(other, '1.0.0', folder)]);
    expect(applied.flat()).toEqual(['0001_slow.sql']);
    await Promise.all([hasty.close(), other.close()]);
  });

  it('apply once when several programs start at once', async () => {
    const names = ['0001_first.sql', '0002_more.sql', '0003_last.sql'];
    for (const [index, name] of names.entries())
      await write(name, '1.0.0', `create table t${index} (); select pg_sleep(0.05);`);
    const starters = [store, openStore(database.url), openStore(database.url)];
    const applied = await Promise.all(starters.map((each) => migrate(each, '1.0.0', folder)));
    expect(applied.flat().sort()).toEqual(names);
    expect(await recorded()).toEqual(names);
    await Promise.all(starters.slice(1).map((each) => each.close()));
  });

  it('bring pages and their timers from the first schema to escalations', async () => {
    const shipped = join(PACKAGE_ROOT, 'src', 'store', 'migrations');
    const [first = ''] = (await readdir(shipped)).sort();
    await copyFile(join(shipped, first), join(folder, first));
    await migrate(store, VERSION, folder);
    await store.query(`
      insert into incidents (title, severity, status, declared_by, declared_at)
      values ('open', 'sev1', 'investigating', 'U1', '2026-06-03T10:00Z'),
             ('over', 'sev1', 'resolved', 'U1', '2026-06-03T09:00Z')`);
    await store.query(`
      insert into timeline (incident_id, seq, at, recorded_at, kind, actor, content_digest, hash)
      values (2, 1, '2026-06-03T09:00Z', '2026-06-03T09:00Z', 'declared', 'U1', 'd', 'h1'),
             (2, 2, '2026-06-03T09:40Z', '2026-06-03T09:40Z', 'status', 'U1', 'd', 'h2')`);
    await store.query(`
      insert into pages (incident_id, number, team, user_id, reason, requested_by, at, answer, answered_by, answered_at, told)
      values (1, 1, 'database', 'UACK', 'x', 'U1', '2026-06-03T10:01Z', 'acknowledged', 'UACK', '2026-06-03T10:02Z', false),
             (1, 2, 'database', 'UTOLD', null, 'U1', '2026-06-03T10:02Z', null, null, null, true),
             (1, 3, 'web', 'UWAIT', null, 'U1', '2026-06-03T10:03Z', null, null, null, false),
             (2, 1, 'web', 'ULATE', null, 'U1', '2026-06-03T09:03Z', null, null, null, false)`);
    await store.query(`
      insert into timers (key, kind, lane, payload, due_at)
      values ('page-unanswered:1:3', 'page-unanswered', 'incident:1', '{"incident": 1, "page": 3}', '2026-06-03T10:08Z')`);
    await migrate(store);

    const open = await loadIncident(store, 1);
    expect(open).toMatchObject({
      kind: 'incident',
      private: false,
      statusSince: new Date('2026-06-03T10:00Z'),
    });
    expect(
      open?.escalations.map(({ number, team, level, state }) => ({ number, team, level, state })),
    ).toEqual([
      { number: 1, team: 'database', level: 1, state: 'acknowledged' },
      { number: 2, team: 'database', level: 1, state: 'exhausted' },
      { number: 3, team: 'web', level: 1, state: 'paging' },
    ]);
    expect(
      open?.pages.map(({ number, escalation, level, user, answer }) => [
        number,
        escalation,
        level,
        user,
        answer?.kind,
      ]),
    ).toEqual([
      [1, 1, 1, 'UACK', 'acknowledged'],
      [2, 2, 1, 'UTOLD', undefined],
      [3, 3, 1, 'UWAIT', undefined],
    ]);
    // Nobody is paged any more for what is over, also when it is reopened; and its status is as old as it is.
    const over = await loadIncident(store, 2);
    expect(over?.escalations).toMatchObject([{ state: 'stopped' }]);
    expect(over?.statusSince).toEqual(new Date('2026-06-03T09:40Z'));
    expect(await remindable(store, new Date('2026-06-03T10:00Z'))).toEqual([1]);
    const { rows } = await store.query('select kind, payload from timers where done_at is null');
    expect(rows).toEqual([{ kind: 'escalation-due', payload: { incident: 1, escalation: 3, level: 1 } }]);

    // What is due goes on: the one level of that time did not answer.
    const due = decide(
      open as Incident,
      { kind: 'escalation-due', escalation: 3, level: 1 },
      new Date('2026-06-03T10:08Z'),
    );
    expect(due).toMatchObject({ ok: true, incident: { escalations: { 2: { state: 'exhausted' } } } });
    if (due.ok) await saveIncident(store, due.incident);
    expect((await loadIncident(store, 1))?.escalations[2]?.state).toBe('exhausted');
  });
});
