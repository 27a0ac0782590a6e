import { notUndone, restores } from '../../src/databases/analyse/losses.ts';
import { analyse } from '../../src/databases/analyse.ts';
import { redactSql, redactValue } from '../../src/databases/redact.ts';

describe('the analysis of a migration', () => {
  async function judged(up: string, down: string) {
    const first = await analyse(up);
    const second = await analyse(down, first.names);
    return { not_undone: notUndone(first, second), ...restores(first, second) };
  }

  const cases: readonly (readonly [string, string, string, object])[] = [
    [
      'a column added and dropped',
      'alter table t add column c int',
      'alter table t drop column c',
      { not_undone: [], schema: 'yes', data: 'yes' },
    ],
    [
      'an UPDATE that the down forgets',
      'alter table t add column c int; update t set state = 1, c = 2',
      'alter table t drop column c',
      {
        not_undone: ['the UPDATE of t.state: the down does not put the old values back'],
        schema: 'yes',
        data: 'no',
      },
    ],
    [
      'an UPDATE that the down answers with another',
      'update t set state = upper(state)',
      'update t set state = lower(state)',
      {
        not_undone: [
          'the UPDATE of t.state: the down writes it too; whether that gives the old values back is not known',
        ],
        schema: 'yes',
        data: 'unknown',
      },
    ],
    [
      'a dropped column',
      'alter table t drop column c',
      'alter table public.t add column c int',
      {
        not_undone: [
          'the dropped column t.c: its values are lost; it comes last, without the rights, comment, constraints and indexes that it had',
        ],
        schema: 'yes',
        data: 'no',
      },
    ],
    [
      'a table renamed and used under its new name',
      'alter table t rename to t2; alter table t2 rename column a to b; update t2 set b = 1',
      'alter table t2 rename column b to a; alter table t2 rename to t',
      {
        not_undone: ['the UPDATE of t.a: the down does not put the old values back'],
        schema: 'yes',
        data: 'no',
      },
    ],
    [
      'a new table and all that is in it',
      'create table t (id int); insert into t values (1); create index i on t (id)',
      'drop index i; drop table t',
      { not_undone: [], schema: 'yes', data: 'yes' },
    ],
    [
      'a retyped column',
      'alter table t alter column a type text',
      'alter table t alter column a type date using a::date',
      {
        not_undone: ['the retyped column t.a: values that the new type changed stay changed'],
        schema: 'yes',
        data: 'unknown',
      },
    ],
    [
      'half a schema',
      'alter table t add column a int; alter table t alter column b set not null',
      'alter table t drop column a',
      { not_undone: ['the schema change alter t (b null to b not null) stays'], schema: 'no', data: 'yes' },
    ],
    [
      'a DO block',
      'do $$ begin delete from t; end $$',
      'select 1',
      { not_undone: ['what a DO block did cannot be read: not known'], schema: 'unknown', data: 'unknown' },
    ],
    [
      'rows deleted',
      'delete from t where a; truncate u',
      'insert into t values (1)',
      {
        not_undone: [
          'the DELETE from t: the deleted rows do not come back by themselves',
          'the DELETE from u: the deleted rows do not come back by themselves',
        ],
        schema: 'yes',
        data: 'no',
      },
    ],
    [
      'a table that the up drops and makes anew',
      'drop table t; create table t (id bigint)',
      'drop table t; create table t (id int)',
      {
        not_undone: [
          'the dropped t: what was in it is lost, and rights, comments, owner and what hung on it, unless the down gives them again',
        ],
        schema: 'unknown',
        data: 'no',
      },
    ],
    [
      'a view that the up drops and makes anew, and the down only drops',
      'drop view v; create view v as select 1 as a',
      'drop view v',
      { not_undone: ['v stays dropped'], schema: 'no', data: 'yes' },
    ],
    [
      'sequences that begin anew',
      'truncate t restart identity',
      'insert into t values (1)',
      {
        not_undone: [
          'the DELETE from t: the deleted rows do not come back by themselves',
          'the sequences of t: they began anew and stay so',
        ],
        schema: 'yes',
        data: 'no',
      },
    ],
  ];
  it.each(cases)('knows what is not undone of %s', async (_name, up, down, expected) => {
    expect(await judged(up, down)).toEqual(expected);
  });

  const locks: readonly (readonly [string, object])[] = [
    [
      'alter table t add column c int',
      { locks: [{ relation: 't', mode: 'AccessExclusive' }], rewrites: false },
    ],
    ['alter table t add column c uuid default gen_random_uuid()', { rewrites: true }],
    ['alter table t add column c timestamptz default now()', { rewrites: false }],
    ['alter table t add column c serial', { rewrites: true }],
    [
      'alter table t alter column c type int',
      { rewrites: true, destroysData: ['what does not fit the new type of t.c'] },
    ],
    [
      'alter table t add constraint f foreign key (a) references u (id)',
      {
        locks: [
          { relation: 't', mode: 'ShareRowExclusive' },
          { relation: 'u', mode: 'ShareRowExclusive' },
        ],
      },
    ],
    ['create index i on t (a)', { locks: [{ relation: 't', mode: 'Share' }], transactional: true }],
    ['create index concurrently i on t (a)', { transactional: false }],
    ['vacuum t', { transactional: false }],
    ['begin', { transactional: false }],
    ['drop table t cascade', { destroysData: ['the table t and everything that depends on it'] }],
    ['select setval($$s$$, 1)', { opaque: false }],
    ['', { empty: true }],
    ['-- only words', { empty: true }],
  ];
  it.each(locks)('reads %s', async (sql, expected) => {
    expect(await analyse(sql)).toMatchObject(expected);
  });
});

describe('what customers wrote', () => {
  const cases: readonly (readonly [string, string])[] = [
    [`select * from t where a = 'x' and b = 12.5 -- name`, 'select * from t where a = ? and b = ?'],
    [`insert into t values (E'it\\'s', $$body$$, b'01', U&'d', 'é')`, 'insert into t values (?, ?, ?, ?, ?)'],
    [`update t set "a 'q" = $1`, `update t set "a 'q" = $1`],
    // pg_stat_activity cuts texts off.
    [`update t set a = 'secret that is cut of`, 'update t set a = ?'],
    ['<insufficient privilege>', '<insufficient privilege>'],
  ];
  it.each(cases)('is taken out of %s', async (sql, expected) => {
    expect(await redactSql(sql)).toBe(expected);
  });

  it('is shown by its length only', () => {
    expect([42, true, null, '17', 'Jane Doe', { a: 1 }].map(redactValue)).toEqual([
      '42',
      'true',
      'null',
      '17',
      'J…(8 characters)',
      '(an object)',
    ]);
  });
});
