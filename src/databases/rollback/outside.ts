/** Downs that make or drop indexes CONCURRENTLY: one by one, outside of a transaction, each looked at afterwards. */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { SqlAnalysis } from '../analyse.ts';
import { appliedMigrations } from '../history.ts';
import { ident, quoteName } from '../names.ts';
import { Stop } from '../outcome.ts';
import { errorText, isLockTrouble, isTimeout } from '../pg-errors.ts';
import type { Target } from '../target.ts';
import { refuseWhenAborted, type Work } from '../transaction.ts';
import type { RollbackInputs } from './inputs.ts';

type Outside = RollbackInputs['outside'][number];

/** The statements with their ways back; none of a down that runs in one transaction. It only reads. */
export async function outsideOf(target: Target, down: SqlAnalysis): Promise<Outside[]> {
  const found: Outside[] = [];
  for (const { sql, concurrent } of down.statements) {
    if (concurrent === undefined) continue;
    const { does, index } = concurrent;
    found.push({
      sql,
      does,
      index,
      back: does === 'create' ? dropping(index) : await makingAgain(target, index),
    });
  }
  return found;
}

const dropping = (index: string): string => `drop index concurrently ${quoteName(index)}`;

async function makingAgain(target: Target, index: string): Promise<string> {
  const ask = 'select pg_get_indexdef(to_regclass($1)) as definition';
  const rows = await target.read<{ definition: string | null }>(ask, [quoteName(index)]).catch(() => []);
  const definition = rows[0]?.definition;
  return definition
    ? definition.replace(/ INDEX /, ' INDEX CONCURRENTLY ')
    : 'not known: the index cannot be read';
}

/** In words, for the approver. */
export const outsideLines = (outside: readonly Outside[]): string[] =>
  outside.length === 0
    ? []
    : [
        'NOT in one transaction: each of these goes by itself, and when the next one fails the first stays done. What is done already is skipped when it is executed again.',
        ...outside.map(({ does, index, back }) => `The way back of the ${does} of ${index}: ${back}.`),
      ];

/** As they will be sent. */
export const outsideSql = (outside: readonly Outside[]): string[] =>
  outside.flatMap(({ sql, back }) => [
    '-- by itself, outside of a transaction; the way back:',
    `-- ${back}`,
    `${sql};`,
  ]);

const ATTEMPTS = 3;
/** Making an index takes as long as the table is large; nobody waits for it meanwhile. */
const STATEMENT_TIMEOUT_MS = 30 * 60_000;

/** Runs them on a connection of their own, which is closed after the step: settings of it reach nobody else. */
export async function runOutside(client: pg.Client, work: Work, inputs: RollbackInputs): Promise<void> {
  if (inputs.outside.length === 0) return;
  const [newest] = await appliedMigrations(work.target);
  if (newest?.name !== inputs.migration)
    throw new Stop(
      'PLAN_VOID',
      `The newest applied migration is ${newest?.name ?? 'nothing'} now, not ${inputs.migration} as planned.`,
    );
  await client.query(
    `select set_config('lock_timeout', $1, false), set_config('statement_timeout', $2, false)`,
    [String(Math.ceil(work.lockTimeoutMs)), String(STATEMENT_TIMEOUT_MS)],
  );
  for (const [at, one] of inputs.outside.entries()) {
    refuseWhenAborted(work.signal);
    await run(client, one).catch(async (error: unknown) => {
      const done = inputs.outside
        .slice(0, at)
        .map(({ does, index }) => `${index} is ${does === 'drop' ? 'dropped' : 'made'}`);
      const broken = (await stateOf(client, one.index).catch(() => 'gone')) === 'invalid';
      const left = broken ? `, and ${one.index} is left INVALID` : '';
      const stays = done.length === 0 ? 'Nothing was changed' : `${done.join(', ')}: that stays`;
      throw new Stop(
        isLockTrouble(error) || isTimeout(error) ? 'LOCK_TIMEOUT' : 'FAILED',
        `${one.index}: ${errorText(error)}. ${stays}${left}; the history still names ${inputs.migration}. Executed again, it goes on here.`,
      );
    });
  }
  await client.query(
    `select set_config('lock_timeout', '0', false), set_config('statement_timeout', '0', false)`,
  );
}

async function run(client: pg.Client, one: Outside): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const state = await stateOf(client, one.index);
    if (one.does === 'drop' ? state === 'gone' : state === 'valid') return;
    // What a CREATE left behind that did not come to its end; queries do not use it, writes pay for it.
    if (one.does === 'create' && state === 'invalid') await client.query(dropping(one.index));
    try {
      await client.query(one.sql);
      return;
    } catch (error) {
      if (!isLockTrouble(error) || attempt === ATTEMPTS) {
        if (one.does === 'create' && (await stateOf(client, one.index)) === 'invalid')
          await client.query(dropping(one.index)).catch(() => undefined);
        throw error;
      }
      await sleep(500 * attempt * (1 + Math.random()));
    }
  }
}

async function stateOf(client: pg.Client, index: string): Promise<'gone' | 'invalid' | 'valid'> {
  const { rows } = await client.query<{ valid: boolean }>(
    'select indisvalid as valid from pg_index where indexrelid = to_regclass($1)',
    [index.split('.').map(ident).join('.')],
  );
  return rows[0] === undefined ? 'gone' : rows[0].valid ? 'valid' : 'invalid';
}
