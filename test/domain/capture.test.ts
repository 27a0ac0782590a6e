/** What is known of a message against what is written of it: every order of the same events ends in the same rows. */
import fc from 'fast-check';
import { type KnownMessage, type Mark, reconcile, type Version } from '../../src/domain/capture.ts';
import type { NewEntry, TimelineEntry } from '../../src/domain/entry.ts';
import { timeOf, tsOf } from '../../src/domain/slack-ts.ts';
import { correction, type Row, rowsOf } from '../../src/domain/timeline.ts';

const TS = '1717408800.000100';
const at = (second: number): string => `${1717408800 + second}.000000`;
const version = (edited: string, text: string): Version => ({ edited, by: 'UAUTHOR', text, files: [] });
const mark = (more: Partial<Mark> = {}): Mark => ({
  kind: 'reaction',
  name: 'pushpin',
  user: 'UONE',
  on: true,
  ts: at(10),
  by: 'UONE',
  firstOn: at(10),
  ...more,
});
const known = (more: Partial<KnownMessage> = {}): KnownMessage => ({
  channel: 'C1',
  ts: TS,
  author: 'UAUTHOR',
  versions: [version('', 'first')],
  erased: false,
  marks: [mark()],
  files: [],
  ...more,
});

/** Appends until nothing is lacking, as the shell does. */
function written(states: readonly KnownMessage[], hand: readonly NewEntry[] = []): TimelineEntry[] {
  const timeline: TimelineEntry[] = [];
  const append = (entries: readonly NewEntry[]): void => {
    for (const entry of entries)
      timeline.push({ ...entry, seq: timeline.length + 1, recordedAt: timeOf(at(5000)), hash: '' });
  };
  for (const [index, state] of states.entries()) {
    append(reconcile(state, timeline));
    append(reconcile(state, timeline));
    expect(reconcile(state, timeline)).toEqual([]);
    if (index === 0) append(hand);
  }
  return timeline;
}
const rowAfter = (...states: readonly KnownMessage[]): Row | undefined => rowsOf(written(states))[0];

describe('a message', () => {
  test('that nobody marked is not on the timeline', () => {
    expect(written([known({ marks: [] })])).toEqual([]);
  });

  test('of which only the deletion was heard is not on the timeline', () => {
    const { author: _, ...nameless } = known({ versions: [], deletedAt: timeOf(at(5)) });
    expect(written([nameless])).toEqual([]);
  });

  test('whose first words come after its edit has both, in their order', () => {
    const row = rowAfter(
      known({ versions: [version(at(5), 'second')] }),
      known({ versions: [version('', 'first'), version(at(5), 'second')] }),
    );
    expect(row).toMatchObject({ text: 'second', earlier: [{ text: 'first', at: timeOf(TS) }] });
  });

  test('whose pin goes with its deletion is not taken back', () => {
    const off = mark({ kind: 'pin', name: '', on: false, ts: at(20), firstOn: at(10) });
    const row = rowAfter(known({ marks: [off] }), known({ marks: [off], deletedAt: timeOf(at(20)) }));
    expect(row?.struck).toBeUndefined();
    expect(row?.deleted).toMatchObject({ text: 'Deleted in Slack' });
  });

  test('that was redacted is written no more of', () => {
    const erased = written([known()]).map(({ text: _, details: __, ...rest }) => rest);
    expect(reconcile(known({ versions: [version('', 'first'), version(at(9), 'again')] }), erased)).toEqual(
      [],
    );
    expect(reconcile(known({ erased: true }), [])).toEqual([]);
  });

  test('that is only a file says so; its digest follows', () => {
    const file = { id: 'F1', name: 'error.png', type: 'image/png', size: 3 };
    const said = { ...version('', ''), files: [file] };
    const row = rowAfter(
      known({ versions: [said] }),
      known({ versions: [said], files: [{ ...file, sha256: 'abc', at: timeOf(at(30)) }] }),
    );
    expect(row).toMatchObject({ text: 'Shared error.png', details: { files: [{ ...file, sha256: 'abc' }] } });
  });
});

test('an edit in the second of its message comes after it', () => {
  const early = version('1717408800.000000', 'second');
  const late = known({ versions: [version('', 'first'), early], ts: '1717408800.400000' });
  expect(rowAfter(late)).toMatchObject({ text: 'second', earlier: [{ text: 'first' }] });
});

test('of two edits in one second the one that was overwritten is no earlier text', () => {
  const first = version('', 'first');
  const row = rowAfter(
    known({ versions: [first, version(at(5), 'overwritten')] }),
    known({ versions: [first, version(at(5), 'second')] }),
  );
  expect(row?.text).toBe('second');
  expect(row?.earlier.map(({ text }) => text)).toEqual(['first']);
});

describe('what a person did by hand', () => {
  const struckAt = (second: number): NewEntry =>
    correction('struck', 1, 'UHAND', 'wrong', timeOf(at(second)));

  test('holds against the marks that were there before', () => {
    const row = rowsOf(
      written([known(), known({ marks: [mark(), mark({ kind: 'pin', ts: at(12) })] })], [struckAt(20)]),
    )[0];
    expect(row?.struck).toMatchObject({ by: 'UHAND' });
  });

  test('gives way to a mark that was set after it', () => {
    const row = rowsOf(
      written([known(), known({ marks: [mark(), mark({ kind: 'asked', ts: at(30) })] })], [struckAt(20)]),
    )[0];
    expect(row?.struck).toBeUndefined();
  });
});

test('times and timestamps are the same both ways', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1_000_000_000_000, max: 9_999_999_999_999 }), (ms) => {
      expect(timeOf(tsOf(new Date(ms))).getTime()).toBe(ms);
    }),
  );
});

/** What Slack tells of one message, in the order it happened. */
type Event =
  /** `edited`: to the second, so that several may have the same. */
  | { readonly kind: 'edit'; readonly text: string; readonly edited: string }
  | { readonly kind: 'delete' }
  | { readonly kind: 'on' | 'off'; readonly who: string; readonly how: 'reaction' | 'pin' };

/** What is stored after events, however they arrive: the shape of store/messages.ts and store/marks.ts. */
function stored(events: readonly (readonly [Event | 'said', string])[]): KnownMessage {
  const versions = new Map<string, Version>();
  const heard = new Map<string, string>();
  const marks = new Map<string, Mark>();
  let deletedAt: Date | undefined;
  for (const [event, ts] of events) {
    if (event === 'said') versions.set('', version('', 'first'));
    else if (event.kind === 'edit') {
      if (ts < (heard.get(event.edited) ?? '')) continue;
      heard.set(event.edited, ts);
      versions.set(event.edited, version(event.edited, event.text));
    } else if (event.kind === 'delete') deletedAt = timeOf(ts);
    else {
      const key = `${event.how} ${event.who}`;
      const old = marks.get(key);
      const on = event.kind === 'on';
      const [firstOn] = [old?.firstOn, on ? ts : undefined].filter((each) => each !== undefined).sort();
      const newest = old && old.ts > ts ? old : { on, ts, by: event.who };
      marks.set(key, {
        kind: event.how,
        name: event.how === 'pin' ? '' : 'pushpin',
        user: event.who,
        on: newest.on,
        ts: newest.ts,
        by: newest.by,
        ...(firstOn === undefined ? {} : { firstOn }),
      });
    }
  }
  const all = [...versions.values()].sort((a, b) => (a.edited < b.edited ? -1 : 1));
  return known({ versions: all, marks: [...marks.values()], ...(deletedAt ? { deletedAt } : {}) });
}

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('edit' as const),
      text: fc.constantFrom('second', 'third', 'fourth'),
      edited: fc.constant(''),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constantFrom('on' as const, 'off' as const),
      who: fc.constantFrom('UONE', 'UTWO'),
      how: fc.constantFrom('reaction' as const, 'pin' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const) }) },
);

test('however events arrive, once or more often, the rows are the same in the end', () => {
  const history = fc.array(event, { maxLength: 8 }).chain((events) => {
    const until = events.findIndex(({ kind }) => kind === 'delete');
    const possible = until < 0 ? events : events.slice(0, until + 1);
    const told: (readonly [Event | 'said', string])[] = [
      ['said', TS],
      ...possible.map((each, index) => {
        const ts = at(10 * (index + 1));
        // Two and two in one second, the first two in that of the message itself.
        const edited = at(20 * Math.floor(index / 2));
        return [each.kind === 'edit' ? { ...each, edited } : each, ts] as const;
      }),
    ];
    const repeats = fc.subarray(told);
    return repeats.chain((twice) =>
      fc.tuple(
        fc.constant(told),
        fc.shuffledSubarray([...told, ...twice], { minLength: told.length + twice.length }),
      ),
    );
  });
  fc.assert(
    fc.property(history, ([inOrder, shuffled]) => {
      expect(plain(steps(shuffled))).toEqual(plain(steps(inOrder)));
    }),
    { numRuns: 1000 },
  );
});

const steps = (events: readonly (readonly [Event | 'said', string])[]): TimelineEntry[] =>
  written(events.map((_each, index) => stored(events.slice(0, index + 1))));

/** Without what only says how it was written: the order, and whose mark was heard first. */
const plain = (timeline: readonly TimelineEntry[]): readonly unknown[] =>
  rowsOf(timeline).map(({ seq: _, recordedAt: __, details, ...row }) => ({
    ...row,
    details: { ...details, captured_by: undefined, captured_how: undefined, message: undefined },
  }));
