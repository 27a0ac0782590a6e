import { readFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Plan } from '../../src/domain/plan.ts';
import { saveApproval } from '../../src/store/approvals.ts';
import { findHold, saveHold } from '../../src/store/holds.ts';
import { savePerson } from '../../src/store/people.ts';
import { insertRun } from '../../src/store/runs.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { CONFIG, type Ended, type Folder, firebreak, temporaryFolder } from './support.ts';

const OPERATOR = `terminal:${userInfo().username}@${hostname()}`;
const HELD = '1717408740000_order-status-cleanup';
const IDENTITY: Plan['identity'] = { systemIdentifier: '1', database: 'shop', oid: 1, timeline: 1 };
const AT = new Date('2026-06-03T10:15:00Z');

let database: TestDatabase;
let store: Store;
let folder: Folder;
let config: string;
const run = (...args: readonly string[]): Promise<Ended> => firebreak(args, { DATABASE_URL: database.url });

beforeAll(async () => {
  database = await createTestDatabase();
  store = openStore(database.url);
  folder = await temporaryFolder();
  config = await folder.write('firebreak.yml', CONFIG);
});
afterAll(async () => {
  await store.close();
  await database.drop();
  await folder.remove();
});

describe('an incident in a terminal, without Slack tokens or the URLs of targets', () => {
  it('is declared under the name of the operator, and listed', async () => {
    const declared = await run(
      'incident',
      'declare',
      'sev2',
      'order',
      'status',
      'is',
      'down',
      '--config',
      config,
    );
    expect(declared).toMatchObject({ code: 0, err: '' });
    expect(declared.out).toMatch(/^Incident 1 \(sev2\) declared/);
    const noted = await run('incident', 'note', 'inc-1', '-15m', 'pages', 'are', 'empty', '--config', config);
    expect(noted).toMatchObject({ code: 0, err: '' });
    expect((await run('incident', 'list', '--config', config)).out).toContain('order status is down');
    const { rows } = await store.query<{ actor: string }>('select distinct actor from timeline');
    expect(rows).toEqual([{ actor: OPERATOR }]);
  });

  it('refuses on stderr, with what to do', async () => {
    const { code, out, err } = await run('incident', 'declrae', 'x', '--config', config);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^There is no verb `declrae`. Did you mean `\/incident declare/);
  });
});

describe('what was recorded', () => {
  it('is exported, and verified against the hash that the export printed', async () => {
    const out = join(folder.path, 'incident.json');
    const [json, markdown] = await Promise.all([
      run('export', 'inc-1', '--format', 'json', '--out', out),
      run('export', '1'),
    ]);
    expect(json).toMatchObject({ code: 0, out: '', err: '' });
    const exported = JSON.parse(await readFile(out, 'utf8')) as { head_hash: string; timeline: unknown[] };
    expect(exported.timeline).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'note', actor: OPERATOR, text: 'pages are empty' }),
      ]),
    );
    expect(markdown.out).toContain('## 1. Incident Summary');
    expect(markdown.out).toContain(exported.head_hash);
    const verified = await run('verify', '1', '--anchor', exported.head_hash, '--json');
    expect(verified.code).toBe(0);
    expect(JSON.parse(verified.out)).toEqual({
      incident: 1,
      entries: exported.timeline.length,
      head: exported.head_hash,
      redacted: [],
    });
  });

  it('of a private incident says that it was exported, and changes nothing else', async () => {
    const state = async (): Promise<unknown> =>
      (
        await store.query('select to_jsonb(i) - $1::text as incident from incidents i where id = 1', [
          'private',
        ])
      ).rows;
    const remindAt = new Date('2026-06-03T10:16:00Z');
    await store.query('update incidents set private = true, remind_at = $1 where id = 1', [remindAt]);
    const before = await state();
    expect(await run('export', '1')).toMatchObject({ code: 1, out: '' });
    expect(await run('export', '1', '--private')).toMatchObject({ code: 0 });
    const { rows } = await store.query(
      "select kind, actor from timeline where incident_id = 1 and kind = 'export'",
    );
    expect(rows).toEqual([{ kind: 'export', actor: OPERATOR }]);
    expect(await state()).toEqual(before);
    await store.query('update incidents set private = false where id = 1');
  });

  it("has a column for the team's zone: that of the option, else of the configuration, else none", async () => {
    const berlin = await folder.write('berlin.yml', `timezone: Europe/Berlin\n${CONFIG}`);
    const head = async (...args: readonly string[]): Promise<string | undefined> =>
      /^\| # \|.*$/m.exec((await run('export', '1', ...args)).out)?.[0];
    expect(await head()).toBe('| # | Time (UTC) | Event | Who | Link |');
    expect(await head('--config', berlin)).toContain('| Time (Europe/Berlin) |');
    expect(await head('--config', berlin, '--timezone', 'Asia/Tokyo')).toContain('| Time (Asia/Tokyo) |');
    expect(await run('export', '1', '--timezone', 'Mars/Olympus')).toMatchObject({ code: 2 });
  });

  it('is found out when it is changed, and when it is rewritten', async () => {
    const foreign = await run('verify', '1', '--anchor', 'f'.repeat(64));
    expect(foreign.code).toBe(1);
    expect(foreign.err).toContain('is not in the chain');
    await store.transaction(async (tx) => {
      await tx.query('set local session_replication_role = replica');
      await tx.query(`update timeline_contents set content = '{"text": "pages are fine"}' where seq = 2`);
    });
    const tampered = await run('verify', '1');
    expect(tampered.code).toBe(1);
    expect(tampered.err).toMatch(/^Entry 2 of the timeline was tampered with: /);
  });

  it('is missed by its number', async () => {
    expect(await run('export', '99')).toMatchObject({
      code: 1,
      err: expect.stringContaining('no incident 99') as unknown,
    });
  });
});

describe('a migration that was rolled back', () => {
  const on = ['--target', 'shop', '--migration', HELD];
  beforeAll(async () => {
    await store.transaction(async (tx) => {
      await savePerson(tx, 'U00000000DBA', 'Dana', AT);
      const runId = await insertRun(tx, {
        incidentId: 1,
        runbook: 'migration-rollback',
        title: `Roll back ${HELD}`,
        target: 'shop',
        params: { migration: HELD },
        requestedBy: 'U0000ONCALL',
        requestedAt: AT,
        steps: [
          { name: 'roll back', kind: 'migration-rollback', risk: 'dangerous', input: {}, skipped: false },
        ],
      });
      if (runId === undefined) throw new Error('there is another run');
      await tx.query(`update run_steps set plan = '{"hash": "abc"}'`);
      await saveApproval(tx, runId, 1, IDENTITY, {
        planHash: 'abc',
        requestedBy: 'U0000ONCALL',
        requestedAt: AT,
        expiresAt: AT,
        decision: { kind: 'approved', by: 'U00000000DBA', at: AT },
      });
      await saveHold(tx, { target: 'shop', migration: HELD, incidentId: 1, runId, since: AT });
    });
  });

  it('is held: the check of a deploy fails, and says who, when and why', async () => {
    const [held, other, list] = await Promise.all([
      run('hold', 'check', ...on),
      run('hold', 'check', '--target', 'shop', '--migration', 'another', '--json'),
      run('hold', 'list', '--json'),
    ]);
    expect(held).toMatchObject({ code: 1, out: '' });
    expect(held.err).toContain(
      'is held on shop since 2026-06-03T10:15:00.000Z: incident 1 (order status is down)',
    );
    expect(held.err).toContain('asked for by U0000ONCALL, approved by Dana');
    expect(held.err).toContain(`firebreak hold lift --target shop --migration ${HELD} --reason`);
    expect(other.code).toBe(0);
    expect(JSON.parse(other.out)).toEqual({ held: false, target: 'shop', migration: 'another' });
    expect(JSON.parse(list.out)).toEqual({
      holds: [{ target: 'shop', migration: HELD, incident: 1, run: 1, since: AT.toISOString() }],
    });
  });

  it('is held without the title of its incident when that is private: everybody reads the log of a deploy', async () => {
    await store.query('update incidents set private = true where id = 1');
    const held = await Promise.all([run('hold', 'check', ...on), run('hold', 'check', ...on, '--json')]);
    await store.query('update incidents set private = false where id = 1');
    for (const { code, err, out } of held) {
      expect(code).toBe(1);
      expect(err).toContain('incident 1 (private) rolled it back');
      expect(`${err}${out}`).not.toContain('order status is down');
    }
  });

  it('is let through by a reason, which the timeline keeps', async () => {
    const lift = ['hold', 'lift', ...on, '--config', config];
    expect(await run(...lift)).toMatchObject({
      code: 2,
      err: expect.stringContaining('--reason <text>') as unknown,
    });
    expect(await run(...lift, '--reason', ' ')).toMatchObject({ code: 1 });
    expect(await findHold(store, 'shop', HELD)).toBeDefined();

    expect(await run(...lift, '--reason', 'mended in 4.2')).toMatchObject({ code: 0, err: '' });
    expect(await run('hold', 'check', ...on)).toMatchObject({ code: 0 });
    const { rows } = await store.query<{ actor: string; text: string }>(
      `select actor, content->>'text' as text from timeline join timeline_contents using (incident_id, seq)
        where kind = 'change'`,
    );
    expect(rows).toEqual([
      { actor: OPERATOR, text: `The hold on migration ${HELD} of shop was lifted: mended in 4.2` },
    ]);
    expect(await run(...lift, '--reason', 'again')).toMatchObject({
      code: 1,
      err: expect.stringContaining('is not held on shop') as unknown,
    });
  });
});
