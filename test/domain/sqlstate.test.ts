import { readdirSync } from 'node:fs';
import {
  byTelling,
  isCorruption,
  isError,
  isRefusedStatement,
  isSchemaMismatch,
  meaningOf,
  speak,
} from '../../src/domain/sqlstate.ts';

const about = { target: 'shop', relations: ['order_status'] };
const namesIn = (folder: string): string[] =>
  readdirSync(new URL(`../../${folder}/`, import.meta.url)).map((file) => file.replace(/\.\w+$/, ''));

describe('SQLSTATE speaks', () => {
  it.each(['42P01', '42703', '42883', '42804'])(
    '%s after a migration is a schema that does not match the code: its rollback, filled in',
    (sqlstate) => {
      const said = speak(sqlstate, { ...about, migration: '17_cleanup' });
      expect(said.sentence).toMatch(/^Schema does not match code: /);
      expect(said.sentence).toMatch(
        /\(\w{5}, table order_status\); migration 17_cleanup was applied on shop within the hour before\.$/,
      );
      expect(said.next).toBe('rollback 17_cleanup shop');
      expect(speak(sqlstate, about).next).toBe('db migrations shop');
      expect(meaningOf(sqlstate).perMinute).toBe(3);
    },
  );

  it('data that do not fit speak against a migration when they are about one table', () => {
    const migration = '17_cleanup';
    expect(speak('23514', { ...about, migration }).next).toBe('rollback 17_cleanup shop');
    expect(speak('23514', { target: 'shop', relations: ['a', 'b'], migration })).toEqual({
      sentence: 'Bad data: rows break a check constraint (23514, tables a, b).',
      next: 'db recent-ddl shop',
    });
    expect(speak('23514', { target: 'shop', relations: [], migration }).next).toBe('db recent-ddl shop');
  });

  it('what no migration does is never blamed on one', () => {
    for (const sqlstate of ['53300', '40P01', '53100', 'XX001', '57P01', '42601'])
      expect(speak(sqlstate, { ...about, migration: '17_cleanup' }).next).not.toMatch(/^rollback/);
  });

  it.each([
    ['40P01', 'db log-tail shop'],
    ['55P03', 'db blocking shop'],
    ['57014', 'db blocking shop'],
    ['53300', 'db connections shop'],
    ['53100', 'run disk-filling target=shop'],
    ['08006', 'db connection shop'],
    ['25006', 'db replication shop'],
    ['2200H', 'db sequences shop'],
  ])('%s leads to `%s`', (sqlstate, next) => {
    expect(speak(sqlstate, about).next).toBe(next);
  });

  it('one damaged page is enough: stop, and go to a person', () => {
    for (const sqlstate of ['XX001', 'XX002']) {
      expect(meaningOf(sqlstate).perMinute).toBe(1);
      expect(speak(sqlstate, about).sentence).toMatch(
        /stop writing, do not restart, and call a database expert/,
      );
    }
  });

  it('a code without a sentence of its own has that of its class, and one of no class is an error all the same', () => {
    expect(speak('42P16', { target: 'shop', relations: [] }).sentence).toBe(
      'Schema does not match code (42P16).',
    );
    expect(speak('22012', { target: 'shop', relations: [] }).sentence).toBe(
      'Bad data: values do not fit (22012).',
    );
    expect(speak('ZZ999', { target: 'shop', relations: [] })).toEqual({
      sentence: 'The database refuses statements (ZZ999).',
      next: 'db sweep shop',
    });
  });

  it('every line leads to a check or a runbook that is there', () => {
    const checks = [...namesIn('src/databases/checks'), 'sweep'];
    const runbooks = namesIn('runbooks');
    const codes = [
      '42501',
      '0A000',
      '57P02',
      '57P05',
      '25P03',
      '25P04',
      '22003',
      '3D000',
      '28P01',
      '53200',
      '54001',
      'F0000',
      'XX000',
      '58000',
    ];
    for (const sqlstate of [
      ...codes,
      '42703',
      '23505',
      '23514',
      '40P01',
      '53100',
      '53300',
      '25006',
      '08001',
      '99999',
    ]) {
      const [verb, what = ''] = speak(sqlstate, about).next.split(' ');
      expect(verb === 'run' ? runbooks : checks).toContain(what);
    }
  });

  it('the schema is told before what follows from it', () => {
    expect(['57014', '53100', 'P0001', '42703', '25P02', 'XX001', '23505'].sort(byTelling)).toEqual([
      '42703',
      'XX001',
      '53100',
      '57014',
      '23505',
      'P0001',
      '25P02',
    ]);
  });

  it('a grant that is gone is a mismatch as well; SQL that is none is not', () => {
    expect(['42P01', '42501', '3F000'].map(isSchemaMismatch)).toEqual([true, true, true]);
    expect(['42601', '42P05', '22P02', undefined].map(isSchemaMismatch)).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(['42601', '42501', '23505', undefined].map(isRefusedStatement)).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(['XX002', 'XX000', '42P01', undefined].map(isCorruption)).toEqual([true, false, false, false]);
    expect(['42P01', '00000', '01000', '02000'].map(isError)).toEqual([true, false, false, false]);
  });
});
