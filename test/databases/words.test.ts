import { inBetween, rootsOf } from '../../src/databases/lock-tree.ts';
import { errorsIn } from '../../src/databases/log-lines.ts';
import { age, count, size } from '../../src/databases/words.ts';

describe('ages, sizes and counts', () => {
  it('are what a person would say', () => {
    expect([0.04, 0.42, 9.97, 40.4, 220, 600, 745, 3600, 7530, 266_400].map(age)).toEqual([
      '0 s',
      '0.4 s',
      '10 s',
      '40 s',
      '3 min 40 s',
      '10 min',
      '12 min',
      '1 h',
      '2 h 5 min',
      '3 d 2 h',
    ]);
    expect([0, 512, 1536, 44_040_192, 3 * 1024 ** 4].map(size)).toEqual([
      '0 bytes',
      '512 bytes',
      '1.5 kB',
      '42 MB',
      '3 TB',
    ]);
    expect([count(1, 'session'), count(5, 'session')]).toEqual(['1 session', '5 sessions']);
  });
});

describe('a queue for locks', () => {
  const waits = (pid: number, ...blocked_by: number[]) => ({ pid, blocked_by, waiting_s: pid });

  it('has the one at its root who waits for nobody, with all that stand behind it', () => {
    const queue = [waits(2, 1), waits(3, 2), waits(4, 2, 3), waits(9, 8)];
    expect(rootsOf(queue)).toEqual([
      { pid: 1, behind: 3, longest_s: 4 },
      { pid: 8, behind: 1, longest_s: 9 },
    ]);
    expect(inBetween(queue).map(({ pid, behind }) => [pid, behind])).toEqual([
      [2, 2],
      [3, 1],
    ]);
  });

  it('that is a circle has no root: all of it is shown', () => {
    expect(rootsOf([waits(1, 2), waits(2, 1)]).map(({ pid }) => pid)).toEqual([1, 2]);
  });
});

describe("a server's log", () => {
  const messages = (text: string) => errorsIn(text).map(({ severity, message }) => `${severity} ${message}`);

  it('is read on stderr, as JSON and as CSV', () => {
    expect(
      messages(
        [
          'ub', // the rest of a line that is cut off
          '2026-11-25 22:04:18.123 UTC [99] LOG:  checkpoint starting: time',
          '2026-11-25 22:04:18.123 UTC [99] ERROR:  42703: column s.carrier does not exist at character 8',
          '2026-11-25 22:04:18.123 UTC [99] STATEMENT:  select 1',
          '{"timestamp":"2026-11-25 22:04:18.123 UTC","error_severity":"ERROR","state_code":"42P01","message":"relation \\"orders\\" does not exist"}',
          '2026-11-25 22:04:18.123 UTC,"a","b",1,,x,1,"SELECT",,1/1,0,FATAL,53300,"sorry, too many clients already",,',
          '2026-11-25 22:04:18.123 UTC,"a","b",1,,x,1,"SELECT",,1/1,0,ERROR,23505,"duplicate key value violates unique constraint ""orders_pkey""",,',
          'ERROR:  nextval: reached maximum value of sequence "orders_id_seq" (2147483647)',
        ].join('\n'),
      ),
    ).toEqual([
      'ERROR column s.carrier does not exist',
      'ERROR relation "orders" does not exist',
      'FATAL sorry, too many clients already',
      'ERROR duplicate key value violates unique constraint "orders_pkey"',
      'ERROR nextval: reached maximum value of sequence "orders_id_seq"',
    ]);
  });

  it('says nothing that somebody wrote', () => {
    const text = messages(
      [
        'ERROR:  invalid input syntax for type integer: "jane@example.com"',
        'ERROR:  customer Jane Doe must not order',
        'ERROR:  column "jane@example.com" does not exist',
        'ERROR:  relation "jane doe" does not exist',
        'ERROR:  syntax error at or near "jane"',
        'ERROR:  value too long for type character varying(4): jane',
      ].join('\n'),
    ).join('\n');
    expect(text).not.toMatch(/jane/i);
  });

  it('knows what is grave, and when it was', () => {
    const [page, disk, crash] = errorsIn(
      [
        '2026-11-25 22:04:18.123 UTC [99] ERROR:  invalid page in block 3 of relation "base/5/16384"',
        'ERROR:  could not extend file "base/5/16384": No space left on device',
        'PANIC:  what nobody has seen yet',
      ].join('\n'),
    );
    expect(page).toEqual({
      severity: 'ERROR',
      message: 'invalid page',
      at: '2026-11-25 22:04:18',
      grave: true,
    });
    expect([disk?.message, disk?.grave, crash?.grave]).toEqual(['could not extend file', true, true]);
    const [index, gone] = errorsIn(
      'ERROR:  could not create unique index "t_a_idx"\nERROR:  could not open relation with OID 16399',
    );
    expect([index?.grave, gone?.grave]).toEqual([false, false]);
  });
});
