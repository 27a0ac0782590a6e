/** What SQLSTATE codes mean at three in the morning (PostgreSQL, appendix A), and what helps. It proposes, and never acts. */

/** The kinds of trouble, the most telling first: what is further down is often a consequence of what is above it. */
const KINDS = [
  'schema',
  'corruption',
  'disk',
  'server',
  'memory',
  'connections',
  'locks',
  'read-only',
  'credentials',
  'data',
  'limits',
  'other',
] as const;

export interface Meaning {
  readonly kind: (typeof KINDS)[number];
  /** What happens, as the rest of a sentence: without a full stop. */
  readonly means: string;
  /** From how many errors a minute on it is worth a proposal. */
  readonly perMinute: number;
  /** The line of /incident that helps; `{target}` is filled in. */
  readonly next: string;
}

/** What errors of one code are about. */
export interface About {
  readonly target: string;
  /** The tables, as far as they are known. */
  readonly relations: readonly string[];
  /** One that was applied within the hour before. */
  readonly migration?: string;
}

/** What one says of errors of a code, and the line of /incident that helps. */
export function speak(
  sqlstate: string,
  { target, relations, migration }: About,
): { readonly sentence: string; readonly next: string } {
  const { means, next } = meaningOf(sqlstate);
  const tables =
    relations.length === 0 ? '' : `, ${relations.length > 1 ? 'tables' : 'table'} ${relations.join(', ')}`;
  const sentence = `${means} (${sqlstate}${tables})`;
  if (migration === undefined || !mayComeOfMigration(sqlstate, relations))
    return { sentence: `${sentence}.`, next: next.replace('{target}', target) };
  return {
    sentence: `${sentence}; migration ${migration} was applied on ${target} within the hour before.`,
    next: `rollback ${migration} ${target}`,
  };
}

/** What a code means: its own entry, else that of its class, else that it is an error. */
export const meaningOf = (sqlstate: string): Meaning =>
  CODES[sqlstate] ?? CLASSES[sqlstate.slice(0, 2)] ?? UNKNOWN;

/**
 * Whether a migration of the hour before is suspected: of a schema that does not fit; of data that do not fit when they
 * are of one table, since many tables are many causes.
 */
export function mayComeOfMigration(sqlstate: string, relations: readonly string[]): boolean {
  const { kind } = meaningOf(sqlstate);
  return kind === 'schema' || (kind === 'data' && relations.length === 1);
}

/** The more telling code first. */
export const byTelling = (a: string, b: string): number => rankOf(a) - rankOf(b);

/** The schema does not fit what the code asks for: something in it is missing, is another one, or was not granted. */
export const isSchemaMismatch = (sqlstate: string | undefined): boolean =>
  sqlstate !== undefined && meaningOf(sqlstate).kind === 'schema';

/** The server met data that cannot be as they are. */
export const isCorruption = (sqlstate: string | undefined): boolean =>
  sqlstate !== undefined && meaningOf(sqlstate).kind === 'corruption';

/** Class 42: the statement as it is written cannot be run, whoever is to blame. */
export const isRefusedStatement = (sqlstate: string | undefined): boolean =>
  sqlstate?.startsWith('42') === true;

/** Warnings and "no data" have codes as well. */
export const isError = (sqlstate: string): boolean => !/^0[012]/.test(sqlstate);

const rankOf = (sqlstate: string): number => KINDS.indexOf(meaningOf(sqlstate).kind);

const meaning =
  (kind: Meaning['kind'], next: string, usual: number) =>
  (means: string, perMinute = usual, other = next): Meaning => ({ kind, means, perMinute, next: other });

const schema = meaning('schema', 'db migrations {target}', 3);
const corruption = meaning('corruption', 'db checksums {target}', 1);
const disk = meaning('disk', 'run disk-filling target={target}', 1);
const server = meaning('server', 'db connection {target}', 5);
const memory = meaning('memory', 'db connections {target}', 3);
const connections = meaning('connections', 'db connections {target}', 3);
const locks = meaning('locks', 'db blocking {target}', 10);
const credentials = meaning('credentials', 'db config-files {target}', 5);
const readOnly = meaning('read-only', 'db replication {target}', 3);
const data = meaning('data', 'db recent-ddl {target}', 30);
const limits = meaning('limits', 'db settings {target}', 5);
const other = meaning('other', 'db sweep {target}', 30);

const MISMATCH = 'Schema does not match code';
const STOP = 'stop writing, do not restart, and call a database expert';

const CODES: Readonly<Record<string, Meaning | undefined>> = {
  '42P01': schema(`${MISMATCH}: a table that queries name is not there`),
  '42703': schema(`${MISMATCH}: a column that queries name is not there`),
  '42883': schema(`${MISMATCH}: a function or operator is not there for these types`),
  '42804': schema(`${MISMATCH}: a value has another type than its column`),
  '42704': schema(`${MISMATCH}: a type, index or other object that queries name is not there`),
  '42702': schema(`${MISMATCH}: a column name has become ambiguous`),
  '42P10': schema(`${MISMATCH}: no unique index fits an ON CONFLICT`),
  '42501': schema(
    'Grants do not match code: a role may not do what it did before',
    5,
    'db recent-ddl {target}',
  ),
  '3F000': schema(`${MISMATCH}: a schema that queries name is not there`),
  // Statements that are wrong by themselves, and names that a pooler mixes up: no schema would help.
  '42601': other('The code sends SQL with a syntax error', 10),
  '42P02': other('The code sends SQL with a parameter that is not there', 10),
  '42P03': other('A cursor is opened twice', 10),
  '42P05': other('A prepared statement is made twice: a pooler hands its session on', 10),
  '26000': other('A prepared statement is not there: a pooler has handed its session on', 10),
  '0A000': other(
    'The server refuses what it cannot do; after a change of the schema: cached plans that no longer fit, reconnect',
    10,
    'db migrations {target}',
  ),

  XX001: corruption(`Data on disk are damaged: ${STOP}`),
  XX002: corruption(`An index is damaged: ${STOP}`),
  '58030': corruption(`The server cannot read or write its files: ${STOP}`),

  '53100': disk('The disk of the database is full: writes fail'),
  '53200': memory('The server is out of memory'),
  '53300': connections('No connection is free: the application cannot get in'),
  '53400': limits('A limit of the configuration was reached'),

  '57P01': server('Sessions are ended by an administrator: a restart or a failover'),
  '57P02': server('The server has crashed and restarts: every session is lost', 1, 'db log-tail {target}'),
  '57P03': server('The server takes no connections: it starts up, shuts down or recovers'),
  '57P04': server('The database was dropped while it was in use', 1),
  '57P05': connections('Sessions are ended for being idle', 20),

  '40P01': locks(
    'Deadlocks: transactions wait for each other, and one of them is ended',
    6,
    'db log-tail {target}',
  ),
  '55P03': locks('Locks are not to be had in time: somebody holds them', 20),
  '57014': locks('Queries are cancelled for taking too long: they wait or they are slow'),
  '40001': locks('Transactions cannot be serialized and have to be tried again', 100),
  '25P03': locks('Transactions are ended for being idle', 5, 'db idle-in-transaction {target}'),
  '25P04': locks('Transactions are ended for taking too long', 5, 'db long-queries {target}'),
  '25006': readOnly('Writes meet a read-only server: after a failover the application may talk to a standby'),
  '25P02': other('Transactions go on after an error: the first error is the cause', 60),

  '22P02': data('Bad data: a value cannot be read as the type of its column'),
  '22003': data(
    'Bad data: a number does not fit its column, perhaps an id at its end',
    5,
    'db sequences {target}',
  ),
  '2200H': data('A sequence is at its end: no new rows', 1, 'db sequences {target}'),
  '23502': data('Bad data: a value is missing where it must not be'),
  '23503': data('Bad data: rows refer to rows that are not there'),
  '23505': data(
    'Bad data: rows are there already, perhaps a sequence has fallen behind',
    30,
    'db sequences {target}',
  ),
  '23514': data('Bad data: rows break a check constraint'),
  '23P01': data('Bad data: rows break an exclusion constraint'),

  '28P01': credentials('The password is refused'),
  '3D000': credentials('The database that is asked for is not there', 3, 'db connection {target}'),
  P0001: other('A function of the database refuses on purpose', 100),
};

const CLASSES: Readonly<Record<string, Meaning | undefined>> = {
  '08': server('The connection to the server breaks or is refused', 10),
  '22': data('Bad data: values do not fit'),
  '23': data('Bad data: rows break a constraint'),
  '28': credentials('The server refuses the role or its password'),
  '40': locks('Transactions are rolled back by the server', 20),
  '42': schema(MISMATCH),
  '53': limits('The server is short of resources'),
  '54': limits('A statement is larger than the server bears'),
  '55': locks('Something is in use or not in the state that it has to be in', 20),
  '57': server('The server ends what it was asked', 10),
  '58': server('The operating system fails the server', 3, 'db log-tail {target}'),
  F0: server('The configuration of the server is broken', 1, 'db config-files {target}'),
  XX: server('The server hit an internal error', 3, 'db log-tail {target}'),
};

const UNKNOWN: Meaning = other('The database refuses statements');
