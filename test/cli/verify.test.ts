import { contentDigest, GENESIS, linkHash } from '../../src/domain/chain.ts';
import { loadChain } from '../../src/store/timeline.ts';
import { createTestApp, PEOPLE, type TestApp } from '../support/app.ts';
import { type Ended, firebreak } from './support.ts';

const { oncall, dba } = PEOPLE;

describe('firebreak verify', () => {
  let it1: TestApp;
  let head: string;
  beforeEach(async () => {
    it1 = await createTestApp();
    await it1.say(oncall, 'declare sev2 order status page is down');
    for (const text of ['the first', 'the second', 'the third']) await it1.say(oncall, `note inc-1 ${text}`);
    head = (await it1.app.record(1))?.headHash ?? '';
  });
  afterEach(() => it1.close());

  const verify = (...more: readonly string[]): Promise<Ended> =>
    firebreak(['verify', '1', ...more], { DATABASE_URL: it1.store.url });
  /** As somebody who may do anything with the store, triggers off. */
  const tamper = (...statements: readonly (readonly [sql: string, ...values: readonly unknown[]])[]) =>
    it1.store.transaction(async (tx) => {
      await tx.query('set local session_replication_role = replica');
      for (const [sql, ...values] of statements) await tx.query(sql, values);
    });

  it('an untouched timeline, and one that went on since its head was printed', async () => {
    expect(await verify('--anchor', head)).toEqual({
      code: 0,
      out: `4 entries, unchanged; head ${head}\n`,
      err: '',
    });
    await it1.say(oncall, 'note inc-1 the fourth');
    expect(await verify('--anchor', head.slice(0, 12), '--json')).toMatchObject({ code: 0 });
    expect(await verify('--anchor', head.slice(0, 11))).toMatchObject({ code: 1 });
  });

  it.each([
    ['a text', 3, [`update timeline_contents set content = '{"text": "x"}' where seq = 3`]],
    ['a time', 3, [`update timeline set at = at - interval '1 hour' where seq = 3`]],
    ['an author', 2, [`update timeline set actor = 'U000NOTTHIS' where seq = 2`]],
    // It is the next one that does not fit; the reason names the one that is missing.
    [
      'an entry deleted',
      4,
      ['delete from timeline_contents where seq = 3', 'delete from timeline where seq = 3'],
    ],
    [
      'the first entry deleted, the others moved up',
      1,
      [
        'delete from timeline_contents where seq = 1',
        'delete from timeline where seq = 1',
        'update timeline set seq = seq - 1',
        'update timeline_contents set seq = seq - 1',
      ],
    ],
    [
      'two swapped',
      2,
      [
        'update timeline set seq = case seq when 2 then 103 else 102 end where seq in (2, 3)',
        'update timeline_contents set seq = case seq when 2 then 103 else 102 end where seq in (2, 3)',
        'update timeline set seq = seq - 100 where seq > 100',
        'update timeline_contents set seq = seq - 100 where seq > 100',
      ],
    ],
    [
      'one put in between',
      3,
      [
        'update timeline set seq = seq + 1 where seq = 4',
        'update timeline_contents set seq = seq + 1 where seq = 4',
        'update timeline set seq = seq + 1 where seq = 3',
        'update timeline_contents set seq = seq + 1 where seq = 3',
        `insert into timeline select incident_id, 3, at, recorded_at, kind, actor, content_digest, hash from timeline where seq = 2`,
        'insert into timeline_contents select incident_id, 3, salt, content from timeline_contents where seq = 2',
      ],
    ],
    ['words gone without a redaction', 2, ['delete from timeline_contents where seq = 2']],
    [
      'words erased around the bot',
      2,
      [
        `update timeline_contents set content = null, salt = null, erased_at = now(), erased_by = 'U1', erased_reason = 'x' where seq = 2`,
      ],
    ],
  ] as const)('finds the first entry that was tampered with: %s', async (_what, seq, statements) => {
    await tamper(...statements.map((sql) => [sql] as const));
    const { code, err } = await verify('--anchor', head);
    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining(`Entry ${seq} `) as string });
  });

  it('entries cut off the end, and a chain that was written anew, show against a head that was printed', async () => {
    await tamper(['delete from timeline_contents where seq = 4'], ['delete from timeline where seq = 4']);
    expect(await verify()).toMatchObject({ code: 0 });
    expect(await verify('--anchor', head)).toMatchObject({ code: 1 });
  });

  it('a whole chain written anew after a change', async () => {
    let hash = GENESIS;
    const statements: [string, ...unknown[]][] = [];
    for (const entry of await loadChain(it1.store, 1)) {
      const { salt = '', content = { text: '' }, seq } = entry;
      const changed = seq === 2 ? { ...content, text: 'never happened' } : content;
      const digest = contentDigest(salt, changed);
      hash = linkHash(hash, { ...entry, contentDigest: digest });
      statements.push([
        'update timeline set content_digest = $2, hash = $3 where seq = $1',
        seq,
        digest,
        hash,
      ]);
      statements.push([
        'update timeline_contents set content = $2 where seq = $1',
        seq,
        JSON.stringify(changed),
      ]);
    }
    await tamper(...statements);
    expect(await verify()).toMatchObject({ code: 0 });
    const { code, err } = await verify('--anchor', head);
    expect(code).toBe(1);
    expect(err).toContain(head);
  });

  it('redacted entries verify, and it is said who took their words out', async () => {
    await it1.say(dba, 'timeline inc-1 redact 2 a pasted password');
    const { code, out } = await verify('--anchor', head);
    expect(code).toBe(0);
    expect(out).toContain(`entry 2 was redacted by ${dba}, 2026-06-03 10:00:00 UTC: a pasted password`);
    expect(JSON.parse((await verify('--json')).out)).toMatchObject({ redacted: [{ seq: 2, by: dba }] });
  });

  it('of a private incident it says why only when that is asked for', async () => {
    await it1.say(dba, 'timeline inc-1 redact 2 a pasted password');
    await it1.store.query('update incidents set private = true');
    expect((await verify()).out).toContain(
      `entry 2 was redacted by ${dba}, 2026-06-03 10:00:00 UTC: private`,
    );
    expect((await verify('--json')).out).not.toContain('pasted');
    expect((await verify('--private')).out).toContain('UTC: a pasted password');
    expect((await verify('--private', '--json')).out).toContain('a pasted password');
  });
});
