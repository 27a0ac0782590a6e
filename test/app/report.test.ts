/** The report on a real store: written in pieces it is the same as whole, and what people wrote stays. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadRecord } from '../../src/app/create.ts';
import { type ExportWish, exportPostmortem, streamExport } from '../../src/app/report.ts';
import type { NewEntry } from '../../src/domain/entry.ts';
import { exportJson } from '../../src/domain/export.ts';
import { renderPostmortem } from '../../src/domain/postmortem.ts';
import { correction } from '../../src/domain/timeline.ts';
import { saveIncident } from '../../src/store/incidents.ts';
import type { Db, Store } from '../../src/store/store.ts';
import { appendEntries } from '../../src/store/timeline.ts';
import { outageIncident } from '../domain/record-fixture.ts';
import { createTestApp, PEOPLE, type TestApp, testSettings } from '../support/app.ts';
import { placesOf } from '../support/search-store.ts';

const AT = new Date('2026-06-03T10:00:00Z');
const context = { generatedBy: 'Firebreak test', timezone: 'Europe/Berlin' };
let it1: TestApp;

beforeAll(async () => {
  it1 = await createTestApp();
});
afterAll(() => it1.close());

async function exported(id: number, format: ExportWish['format'] = 'md'): Promise<string> {
  const chunks: string[] = [];
  const there = await streamExport(it1.store, id, { ...context, format }, (chunk) => void chunks.push(chunk));
  expect(there).toBe(true);
  return chunks.join('');
}

const minute = (minutes: number): Date => new Date(AT.getTime() + minutes * 60_000);
const note = (text: string, minutes: number): NewEntry => ({
  at: minute(minutes),
  kind: 'note',
  actor: 'U01',
  text,
});

async function recorded(
  id: number,
  entries: readonly NewEntry[],
  leftOut: readonly number[] = [],
): Promise<void> {
  await saveIncident(it1.store, outageIncident({ id, leftOut, actionItems: [], escalations: [], pages: [] }));
  await it1.store.transaction((tx) => appendEntries(tx, id, entries, minute(60)));
}

describe('written piece by piece', () => {
  const many = [
    ...Array.from({ length: 600 }, (_, index) => note(`entry ${index} | \`a\``, 600 - index)),
    ...Array.from({ length: 300 }, (_, index) =>
      correction('text', 1 + 2 * index, 'U02', `better ${index}`, minute(700)),
    ),
    correction('text', 5, 'U02', 'best', minute(701)),
    correction('struck', 7, 'U02', 'noise', minute(702)),
    correction('struck', 9, 'U02', 'noise', minute(702)),
    correction('restored', 9, 'U02', 'it counts', minute(703)),
    correction('deleted', 11, 'U02', 'in Slack', minute(703)),
    correction('text', 601, 'U02', 'of a correction', minute(704)),
    correction('text', 5000, 'U02', 'of nothing', minute(705)),
    { at: minute(1), kind: 'step', actor: 'firebreak', text: 'a step', details: { run: 1, step: 1 } },
  ] as const satisfies readonly NewEntry[];

  it('is written to the end for a reader who pauses for longer than a transaction may idle', async () => {
    await recorded(99, many);
    const hasty: Store = {
      ...it1.store,
      transaction: (work) =>
        it1.store.transaction(async (tx) => {
          await tx.query(`set local idle_in_transaction_session_timeout = '100ms'`);
          return work(tx);
        }),
    };
    const chunks: string[] = [];
    await streamExport(hasty, 99, { ...context, format: 'md' }, async (chunk) => {
      if (chunks.push(chunk) === 1) await it1.store.query('select pg_sleep(0.3)');
    });
    expect(chunks.join('')).toBe(await exported(99));
  });

  it.each([
    [100, 'no entry', []],
    [101, 'one entry', [note('only', 1)]],
    [102, 'twelve entries', Array.from({ length: 12 }, (_, index) => note(`entry ${index}`, 12 - index))],
    [103, 'many entries, corrected, struck and orphaned', many],
  ] as const)('incident %d, with %s, is the same as whole', async (id, _, entries) => {
    await recorded(id, entries, [13]);
    const record = await loadRecord(it1.store, id);
    if (!record) throw new Error('the record');
    expect(await exported(id)).toBe(renderPostmortem(record, context));
    expect(await exported(id, 'json')).toBe(`${JSON.stringify(exportJson(record, context), undefined, 2)}\n`);
  });

  it('says how many rows it passed over', async () => {
    const markdown = await exported(103);
    expect(markdown).toContain('601 entries; not shown: 1 struck, 1 left out by the team.');
    expect(markdown.match(/^\| <a id="e\d+"><\/a>/gm)).toHaveLength(601);
    expect(markdown).toContain(
      '(before: entry 4 \\| `a`)<br>(before: better 2)<br>(corrected 2026-06-03 21:41:00 by U02)',
    );
  });
});

describe('a redaction while a report is posted', () => {
  it('is waited for: what is posted is written after it', async () => {
    const { store } = it1;
    const declared = await it1.app.declare({
      by: PEOPLE.oncall,
      title: 'it leaks',
      severity: 'sev2',
      anyway: true,
    });
    if (!declared.ok) throw new Error('declare');
    const { id } = declared.incident;
    await it1.app.act(id, { kind: 'note', by: PEOPLE.oncall, text: 'the password is hunter2-Xyz9' });
    let written = 0;
    const slow: Store = {
      ...store,
      async transaction<T>(work: (tx: Db) => Promise<T>): Promise<T> {
        const done = await store.transaction(work);
        written += 1;
        if (written === 1) {
          const redacted = await it1.app.redact(id, { by: PEOPLE.dba, seq: 2, reason: 'pasted' });
          expect(redacted).toMatchObject({ ok: true });
        }
        return done;
      },
    };
    const wish = { ...context, policy: testSettings() };
    expect(await exportPostmortem(slow, id, PEOPLE.oncall, {}, AT, wish)).toEqual({ ok: true });
    expect(await placesOf(store, 'hunter2')).toEqual([]);
    const { rows } = await store.query<{ content: string }>(
      `select effect ->> 'content' as content from outbox where effect ->> 'name' = $1`,
      [`postmortem-inc-${id}.md`],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]?.content).toContain('it leaks');
  });
});

describe('what people write', () => {
  let id: number;
  const write = (by: string, text: string, seen?: string) =>
    it1.app.writeParts(id, by, [{ part: 'conclusion', text, seen }]);

  beforeAll(async () => {
    const declared = await it1.app.declare({ by: PEOPLE.oncall, title: 'it is slow', severity: 'sev2' });
    if (!declared.ok) throw new Error('declare');
    id = declared.incident.id;
  });

  it('stands in the next export and in every one after it', async () => {
    expect(await exported(id)).toContain(
      'What the team concludes: not recorded (the team should fill this in',
    );
    expect(await write(PEOPLE.oncall, 'We test downs.\n• And ups')).toEqual({
      ok: true,
      written: ['conclusion'],
    });
    const first = await exported(id);
    expect(first).toContain(
      `- What the team concludes (${PEOPLE.oncall}, 2026-06-03 10:00:00 UTC):\n  - We test downs.\n  - And ups\n`,
    );
    await it1.app.postmortem(id, PEOPLE.oncall);
    expect(await exported(id)).toBe(first);
  });

  it('is not overwritten by somebody who saw something else', async () => {
    expect(await write(PEOPLE.dba, 'Nothing happened.')).toMatchObject({
      ok: false,
      code: 'PART_CHANGED',
      part: 'conclusion',
      values: { by: PEOPLE.oncall, text: 'We test downs.\n• And ups' },
    });
    expect(await write(PEOPLE.dba, 'We test all.', 'We test downs.\n• And ups')).toMatchObject({ ok: true });
    expect(await write(PEOPLE.oncall, 'Mine', 'We test downs.\n• And ups')).toMatchObject({
      code: 'PART_CHANGED',
    });
    expect(await write(PEOPLE.oncall, '', 'We test all.')).toMatchObject({ ok: true });
    expect(await it1.app.parts(id)).toEqual([]);
    expect(await write(PEOPLE.dba, 'Mine', 'We test all.')).toMatchObject({ code: 'PART_TAKEN_BACK' });
  });

  it('is refused when it is longer than a form can show again', async () => {
    expect(await write(PEOPLE.dba, 'x'.repeat(3001))).toMatchObject({ code: 'PART_TOO_LONG' });
  });

  it('is an entry, which stands in no table of the report and can be redacted', async () => {
    const secret = 'We gave hunter2-Xyz9 away.';
    expect(
      await it1.app.writeParts(id, PEOPLE.oncall, [{ part: 'process', text: secret, seen: undefined }]),
    ).toMatchObject({ ok: true });
    const entry = (await it1.app.record(id))?.timeline.at(-1);
    expect(entry).toMatchObject({ kind: 'part', text: `Postmortem, Process improvements: ${secret}` });
    expect((await exported(id)).match(/hunter2-Xyz9/g)).toHaveLength(1);
    const wish = { by: PEOPLE.dba, seq: entry?.seq ?? 0, reason: 'a password' };
    expect(await it1.app.redact(id, wish)).toMatchObject({ ok: true });
    expect(await placesOf(it1.store, 'hunter2')).toEqual([]);
    expect(await it1.app.parts(id)).toMatchObject([{ part: 'process', text: '[redacted]' }]);
    expect(
      await it1.app.writeParts(id, PEOPLE.oncall, [{ part: 'process', text: '', seen: '[redacted]' }]),
    ).toMatchObject({ ok: true });
    expect((await it1.app.record(id))?.timeline.at(-1)?.text).toBe(
      'Postmortem, Process improvements, was taken back',
    );
  });

  it('can be typed, by the name of its part', async () => {
    expect(await it1.say(PEOPLE.oncall, `postmortem inc-${id} write takeaways Test downs.`)).toContain(
      'Written: Key takeaways',
    );
    expect(await it1.say(PEOPLE.oncall, `postmortem inc-${id} write 8 Test downs.`)).toContain('`takeaways`');
    expect(await it1.say(PEOPLE.oncall, `postmortem inc-${id} write 4`)).toContain('no section `4`');
    expect(await it1.say(PEOPLE.oncall, `postmortem inc-${id} write`)).toContain(
      '• 8. Key takeaways: written',
    );
    expect(await it1.say(PEOPLE.viewer, `postmortem inc-${id} write`)).toContain(':no_entry:');
  });
});

it('of a private incident is exported and written by nobody who may not know of it', async () => {
  const declared = await it1.app.declare({
    by: PEOPLE.oncall,
    title: 'leak',
    severity: 'sev2',
    private: true,
    anyway: true,
  });
  if (!declared.ok) throw new Error('declare');
  const { id } = declared.incident;
  for (const words of ['', ' write', ' write scope all of them'])
    expect(await it1.say(PEOPLE.dba, `postmortem inc-${id}${words}`)).toContain('There is no incident');
  expect(await it1.app.parts(id)).toEqual([]);
});

it('of no incident is none', async () => {
  expect(await streamExport(it1.store, 9999, { ...context, format: 'md' }, () => undefined)).toBe(false);
});
