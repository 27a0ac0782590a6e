/** What PostgreSQL's errors say, read from values that could be anything. */
import pg from 'pg';

/** The SQLSTATE, when the server refused or ended the statement. */
export const sqlstateOf = (error: unknown): string | undefined =>
  error instanceof pg.DatabaseError ? error.code : undefined;

/**
 * The message alone. Details are left out: they can hold values of rows; so do messages about data that does not fit
 * (class 22), and a syntax error near a literal.
 */
export function errorText(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const state = sqlstateOf(error) ?? '';
  if (state.startsWith('22')) return message.replace(/"[^]*"/, '"?"');
  return state === '42601' ? message.replace(/ near "['$0-9][^]*"$/, ' near "?"') : message;
}

/** The server never answered: nobody knows what it did with the last statement. */
export function connectionLost(error: unknown): boolean {
  const state = sqlstateOf(error);
  return state === undefined || state.startsWith('08') || state.startsWith('57P');
}

export const isTimeout = (error: unknown): boolean =>
  sqlstateOf(error) === '55P03' || sqlstateOf(error) === '57014' || CLIENT_TIMEOUTS.has(errorText(error));

/** The client's own: an answer that did not come, no connection of the pool that became free, none that opened. */
const CLIENT_TIMEOUTS: ReadonlySet<string> = new Set([
  'Query read timeout',
  'timeout exceeded when trying to connect',
  'Connection terminated due to connection timeout',
]);

export const isPrivilege = (error: unknown): boolean => sqlstateOf(error) === '42501';

/** Worth another try: the lock was not free, or a deadlock was broken at our cost. */
export const isLockTrouble = (error: unknown): boolean =>
  sqlstateOf(error) === '55P03' || sqlstateOf(error) === '40P01';
