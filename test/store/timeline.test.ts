import { verifyChain } from '../../src/domain/chain.ts';
import type { NewEntry } from '../../src/domain/entry.ts';
import { loadChain, loadTimeline } from '../../src/store/timeline.ts';
import { createTestApp, PEOPLE, type TestApp } from '../support/app.ts';

const { oncall, commander, dba } = PEOPLE;

describe('the timeline in the store', () => {
  let world: TestApp;
  beforeEach(async () => {
    world = await createTestApp();
    await world.app.declare({ by: oncall, title: 'it is down', severity: 'sev2' });
    await note('the first');
    await note('the second');
  });
  afterEach(() => world.close());

  const note = (text: string, by = oncall) => world.app.act(1, { kind: 'note', by, text });
  const verdict = async () => verifyChain(await loadChain(world.store, 1));
  /** As somebody who may do anything, with the triggers off. */
  const tamper = (sql: string) =>
    world.store.transaction(async (tx) => {
      await tx.query('set local session_replication_role = replica');
      const { rowCount } = await tx.query(sql);
      expect(rowCount).toBe(1);
    });
  const erase = `update timeline_contents
                    set content = null, salt = null, erased_at = now(), erased_by = '${dba}', erased_reason = 'a name'
                  where seq = 2`;

  it.each([
    ['UPDATE', `update timeline set actor = 'x' where seq = 2`],
    ['UPDATE', 'update timeline set seq = seq'],
    ['DELETE', 'delete from timeline where seq = 3'],
    ['TRUNCATE', 'truncate timeline, timeline_contents'],
    ['TRUNCATE', 'truncate incidents cascade'],
    ['DELETE', 'delete from timeline_contents where seq = 3'],
    ['TRUNCATE', 'truncate timeline_contents'],
  ])('refuses %s: %s', async (operation, sql) => {
    await expect(world.store.query(sql)).rejects.toMatchObject({
      code: '55000',
      message: expect.stringMatching(new RegExp(`^${operation} of timeline\\w* is refused`)) as string,
    });
    expect(await verdict()).toMatchObject({ ok: true });
    expect(await loadTimeline(world.store, 1)).toHaveLength(3);
  });

  it.each([
    ['another text', `update timeline_contents set content = '{"text": "x"}' where seq = 2`],
    ['another place', 'update timeline_contents set seq = 9 where seq = 2'],
    ['its own text again', 'update timeline_contents set content = content where seq = 2'],
    ['an erasure that keeps it', erase.replace('content = null,', '')],
    ['an erasure that keeps the salt', erase.replace('salt = null,', '')],
    ['an erasure by nobody', erase.replace(`'${dba}'`, 'null')],
    ['an erasure without a reason', erase.replace(`'a name'`, 'null')],
  ])('refuses to give an entry %s', async (_what, sql) => {
    await expect(world.store.query(sql)).rejects.toMatchObject({
      code: expect.stringMatching(/^(55000|23514)$/) as string,
    });
    expect((await loadTimeline(world.store, 1))[1]?.text).toBe('the first');
  });

  it('forgets what an entry says, once, and the chain still verifies and goes on', async () => {
    await world.store.query(erase);
    expect(await verdict()).toMatchObject({ ok: false, seq: 2 });
    const details = { redacted: [2] };
    await world.app.act(1, { kind: 'record', by: dba, entry: 'redaction', text: 'a name', details });
    expect(await verdict()).toMatchObject({ ok: true });
    const [, erased] = await loadTimeline(world.store, 1);
    expect(erased).toMatchObject({ seq: 2, kind: 'note', actor: oncall });
    expect(erased?.text).toBeUndefined();
    await expect(world.store.query(erase.replace('a name', 'another reason'))).rejects.toMatchObject({
      code: '55000',
    });
    await expect(
      world.store.query(`update timeline_contents
                            set content = '{"text": "x"}', salt = 'x',
                                erased_at = null, erased_by = null, erased_reason = null
                          where seq = 2`),
    ).rejects.toMatchObject({ code: '55000' });
    await note('the third');
    expect(await verdict()).toMatchObject({ ok: true });
  });

  it.each([
    ['an author', `update timeline set actor = 'U000NOTTHIS' where seq = 2`, 2],
    ['a time', `update timeline set at = at - interval '1 minute' where seq = 2`, 2],
    ['a kind', `update timeline set kind = 'update' where seq = 3`, 3],
    ['a text', `update timeline_contents set content = jsonb_set(content, '{text}', '"x"') where seq = 2`, 2],
    ['a digest', `update timeline set content_digest = reverse(content_digest) where seq = 1`, 1],
    ['a whole entry taken out', 'delete from timeline where seq = 2', 3],
    ['a salt alone erased', 'update timeline_contents set salt = null where seq = 2', 2],
  ])('shows a change behind its back: %s', async (_what, sql, seq) => {
    // The checks of the table would refuse the last of these.
    await world.store.query(
      'alter table timeline_contents drop constraint timeline_contents_check, drop constraint timeline_contents_check1',
    );
    await tamper(sql);
    expect(await verdict()).toMatchObject({ ok: false, seq, reason: expect.any(String) as string });
  });

  it('keeps one chain when many write at once', async () => {
    const people = [oncall, commander, dba];
    const texts = Array.from({ length: 30 }, (_each, index) => `note ${index}`);
    const done = await Promise.all(texts.map((text, index) => note(text, people[index % 3])));
    expect(done.filter(({ ok }) => !ok)).toEqual([]);
    const timeline = await loadTimeline(world.store, 1);
    expect(timeline.map(({ seq }) => seq)).toEqual(timeline.map((_each, index) => index + 1));
    expect(
      timeline
        .slice(3)
        .map(({ text = '' }) => text)
        .sort(),
    ).toEqual([...texts].sort());
    expect(await verdict()).toMatchObject({ ok: true });
  });

  it('keeps the chains of two incidents apart', async () => {
    await world.app.declare({ by: oncall, title: 'another', severity: 'sev3' });
    await Promise.all([note('here'), world.app.act(2, { kind: 'note', by: oncall, text: 'there' })]);
    expect(verifyChain(await loadChain(world.store, 2))).toMatchObject({ ok: true });
    expect((await loadTimeline(world.store, 2)).map(({ seq, text }) => [seq, text])).toEqual([
      [1, 'Declared sev3: another'],
      [2, 'there'],
    ]);
  });

  it('keeps what PostgreSQL cannot, without NUL and lone surrogates, and the chain verifies', async () => {
    const details = { 'k\0': ['v\0', '\ud83d', 'fine \u{1f525}'] };
    await world.app.act(1, {
      kind: 'record',
      by: 'monitor:m',
      entry: 'diagnosis',
      text: 'a\0b\udd25',
      details,
    });
    expect((await loadTimeline(world.store, 1)).at(-1)).toMatchObject({
      text: 'ab\ufffd',
      details: { k: ['v', '\ufffd', 'fine \u{1f525}'] },
    });
    expect(await verdict()).toMatchObject({ ok: true });
  });

  it('gives back what was written, fact by fact', async () => {
    const entry: NewEntry = {
      at: new Date('2026-06-03T09:59:59.123Z'),
      kind: 'diagnosis',
      actor: 'monitor:order-status',
      text: 'line one\nline two \u{1f525} "quoted" <@U0000ONCALL> &amp; \\ \'',
      details: { rows: 3, nested: { list: [1, null, 'x'], odd: undefined }, share: 0.1, big: 1e21 },
    };
    const { kind, at, actor, text, details } = entry;
    await world.app.act(1, { kind: 'record', by: actor, entry: kind, text, at, ...(details && { details }) });
    expect((await loadTimeline(world.store, 1)).at(-1)).toMatchObject({
      ...entry,
      details: { ...details, nested: { list: [1, null, 'x'] } },
      recordedAt: world.app.now(),
    });
    expect(await verdict()).toMatchObject({ ok: true });
  });
});
