import type { TimelineEntry } from '../../src/domain/entry.ts';
import { type CorrectionKind, correction, rowsOf, standing } from '../../src/domain/timeline.ts';

const minute = (count: number): Date => new Date(Date.UTC(2026, 5, 3, 10, count));
const entry = (seq: number, more: Partial<TimelineEntry> = {}): TimelineEntry => ({
  seq,
  at: minute(seq),
  recordedAt: minute(seq),
  kind: 'note',
  actor: 'U1',
  text: `note ${seq}`,
  hash: `hash ${seq}`,
  ...more,
});
const corrects = (seq: number, of: number, what: CorrectionKind, text = 'why'): TimelineEntry =>
  entry(seq, correction(what, of, 'U2', text, minute(seq)));
const erased = ({ text: _, ...rest }: TimelineEntry): TimelineEntry => rest;

describe('the timeline as people read it', () => {
  test('is sorted by when things happened, then by when they were written down', () => {
    const rows = rowsOf([entry(1, { at: minute(9) }), entry(3), entry(2, { at: minute(3) })]);
    expect(rows.map(({ seq }) => seq)).toEqual([2, 3, 1]);
  });

  test('shows the newest text of an entry, with all that it said before and who said it', () => {
    const [row, ...others] = rowsOf([
      entry(1),
      corrects(2, 1, 'text', 'second'),
      corrects(3, 1, 'text', 'third'),
    ]);
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      seq: 1,
      at: minute(1),
      actor: 'U1',
      text: 'third',
      said: { at: minute(3), by: 'U2' },
      earlier: [
        { at: minute(1), by: 'U1', text: 'note 1' },
        { at: minute(2), by: 'U2', text: 'second' },
      ],
    });
  });

  test('an entry that was taken back is there, and does not stand; one that counts again does', () => {
    const struck = [entry(1), entry(2), corrects(3, 1, 'struck', 'wrong service')];
    expect(rowsOf(struck)[0]).toMatchObject({ struck: { by: 'U2', text: 'wrong service' }, text: 'note 1' });
    expect(standing(rowsOf(struck)).map(({ seq }) => seq)).toEqual([2]);
    const restored = rowsOf([...struck, corrects(4, 1, 'restored')]);
    expect(restored[0]).not.toHaveProperty('struck');
    expect(standing(restored)).toHaveLength(2);
  });

  test('a message that was deleted in Slack keeps what was captured', () => {
    const [row] = rowsOf([entry(1, { kind: 'message' }), corrects(2, 1, 'deleted')]);
    expect(row).toMatchObject({ text: 'note 1', deleted: { at: minute(2) } });
  });

  test('erased words are absent, before and after', () => {
    const [row] = rowsOf([erased(entry(1)), erased(corrects(2, 1, 'text')), corrects(3, 1, 'struck')]);
    expect(row).not.toHaveProperty('text');
    expect(row?.earlier).toEqual([{ at: minute(1), by: 'U1' }]);
    expect(row?.struck).toMatchObject({ text: 'why' });
  });

  test('a correction of what is not there is itself a row, so that nothing is lost', () => {
    expect(rowsOf([corrects(1, 7, 'text', 'of nothing')])).toMatchObject([{ seq: 1, text: 'of nothing' }]);
  });
});
