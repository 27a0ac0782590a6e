import { mkdir } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { openStore, type Store } from '../../src/store/store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { CONFIG, type Ended, type Folder, firebreak, temporaryFolder } from './support.ts';

const OWN = `name: tell
title: Tell {{whom}}
summary: Ours.
params:
  whom: { type: text, description: who is told }
steps:
  - name: tell
    kind: message
    with: { text: '{{whom}}' }
  - name: then
    kind: runbook
    with: { runbook: first-five-minutes }
`;

let database: TestDatabase;
let store: Store;
let folder: Folder;
let config: string;
const runbook = (...args: readonly string[]): Promise<Ended> =>
  firebreak(['runbook', ...args], { DATABASE_URL: database.url });
const start = (...args: readonly string[]): Promise<Ended> =>
  runbook('run', 'tell', '--incident', 'inc-1', '--config', config, ...args);

beforeAll(async () => {
  database = await createTestDatabase();
  store = openStore(database.url);
  folder = await temporaryFolder();
  config = await folder.write('firebreak.yml', CONFIG);
  await mkdir(join(folder.path, 'runbooks'));
  await folder.write('runbooks/tell.yml', OWN);
  const declare = ['incident', 'declare', 'sev2', 'it is down', '--config', config];
  await firebreak(declare, { DATABASE_URL: database.url });
});
afterAll(async () => {
  await store.close();
  await database.drop();
  await folder.remove();
});

describe('the runbooks of a team', () => {
  it('lie beside its configuration, and may call the shipped ones', async () => {
    const [list, show] = await Promise.all([
      runbook('list', '--config', config),
      runbook('show', 'tell', '--config', config),
    ]);
    expect(list.out).toMatch(/^first-five-minutes: /m);
    expect(list.out).toMatch(/^tell: Ours\.$/m);
    expect(show.out).toContain('2. then › sweep (db-check, read)');
  });

  it('are read for mistakes before they are used', async () => {
    await mkdir(join(folder.path, 'wrong'));
    const text = OWN.replace('kind: message', 'kind: mesage').replace('first-five-minutes', 'first-minutes');
    const file = await folder.write('wrong/tell.yml', text);
    const [sound, wrong] = await Promise.all([
      runbook('lint', join(folder.path, 'runbooks')),
      runbook('lint', join(folder.path, 'wrong')),
    ]);
    expect(sound).toMatchObject({ code: 0, err: '' });
    expect(wrong).toMatchObject({ code: 1, out: '' });
    expect(wrong.err).toContain(`${file}:8:11 steps.0.kind: found "mesage", expected \`message\``);
    expect(wrong.err).toContain(`${file}:12:22 steps.1.with.runbook: found \`first-minutes\`, expected`);
  });
});

describe('a runbook in a terminal', () => {
  it('says what it needs before it is started', async () => {
    const [homeless, missing, malformed, unknown] = await Promise.all([
      runbook('run', 'tell', '--config', config),
      start(),
      start('--param', 'whom'),
      start('--param', 'whom=you', '--incident', '9'),
    ]);
    expect(homeless.code).toBe(2);
    expect(homeless.err).toContain('--incident <number>');
    expect(missing).toMatchObject({ code: 1, out: '' });
    expect(missing.err).toContain('tell needs `whom`: who is told');
    expect(malformed.code).toBe(2);
    expect(malformed.err).toContain('name=value');
    expect(unknown).toMatchObject({ code: 1, out: '' });
    expect(unknown.err).toContain('no incident 9');
  });

  it('is started under the name of the operator', async () => {
    const started = await start('--param', 'whom=all of you', '--target', 'shop', '--json');
    expect(started).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(started.out)).toMatchObject({
      incident: 1,
      runbook: 'tell',
      title: 'Tell all of you',
      target: 'shop',
      state: 'running',
      steps: [{ name: 'tell', state: 'pending' }, { name: 'then › sweep' }],
    });
    const { rows } = await store.query('select requested_by from runs');
    expect(rows).toEqual([{ requested_by: `terminal:${userInfo().username}@${hostname()}` }]);
  });

  it('is followed to its end, which the exit code tells', async () => {
    const done = start('--param', 'whom=one', '--wait');
    const failed = start('--param', 'whom=two', '--wait', '--json');
    await ended('Tell one', 'done');
    await ended('Tell two', 'failed');
    expect(await done).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        /^Run \d started: Tell one\n[^]*1\. tell: done\. Said: x\n[^]*Run \d is done\n$/,
      ) as unknown,
    });
    const { code, out } = await failed;
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ state: 'failed', steps: [{ verdict: 'Said: x' }, {}] });
  });
});

/** What a bot beside it would do with the run, once it is there. */
async function ended(title: string, state: 'done' | 'failed'): Promise<void> {
  const id = await eventually(async () => {
    const { rows } = await store.query<{ id: number }>('select id from runs where title = $1', [title]);
    return rows[0]?.id;
  });
  await store.query(`update run_steps set state = 'done', verdict = 'Said: x' where run_id = $1`, [id]);
  await store.query(`update runs set state = $2, ended_at = now(), due_at = null where id = $1`, [id, state]);
}
