/** What SQL does to a database in plain words, for the person who is asked to approve it. */
import type { Blocker } from '../domain/sweep.ts';
import type { Lock, SqlAnalysis, StatementAnalysis } from './analyse.ts';
import { shortName } from './names.ts';
import type { Write } from './reach.ts';
import { sessionText } from './sessions.ts';
import { sizeText } from './tables.ts';
import { changesTable, type TouchedTable } from './touched.ts';
import type { Users } from './users.ts';

/** What the lines are made from. */
export interface Told {
  readonly sql: SqlAnalysis;
  readonly affected: readonly TouchedTable[];
  /** Rows that foreign keys make it write. */
  readonly reached: readonly Write[];
  /** Triggers and rules that run when it writes rows. */
  readonly fires: readonly string[];
  /** Undefined when there was nothing to look at. */
  readonly holders: readonly Blocker[] | undefined;
  readonly users: Users;
  /** Who waits while it keeps its locks. */
  readonly waits: 'readers' | 'writers';
  readonly lockSeconds: number;
  readonly maxLockSeconds: number;
  /** Sizes are those of the last vacuum: somebody held the tables. */
  readonly sizesOld: boolean;
  /** How much is copied, and whether there is room for it. */
  readonly room: readonly string[];
  /** Said in the place of how long the tables are locked, when no transaction locks them. */
  readonly outside?: readonly string[];
}

/** The lines, the gravest first. */
export function changeLines(told: Told): string[] {
  return [
    ...destroyedText(told),
    ...told.sql.statements.map(
      (it, i) => `Statement ${i + 1} ${it.describe}${locksText(it.locks, it.rewrites)}.`,
    ),
    ...told.affected.map(({ facts }) => `Size of ${sizeText(facts)}.`),
    ...told.room,
    ...told.fires.map((what) => `Fires ${what}: what that writes is neither locked nor copied.`),
    ...(told.outside ?? [lockText(told)]),
    ...holdersText(told.holders),
    ...usersText(told.users),
  ];
}

/** Publications of all tables take what is kept along. */
export const publishingLines = (publishing: readonly string[]): string[] =>
  publishing.map(
    (name) => `The publication ${name} is for all tables: subscribers would get the copies and the marker.`,
  );

function destroyedText({ sql, affected, reached }: Told): string[] {
  const held = new Set(affected.flatMap((it) => it.before));
  const lost = sql.statements.flatMap((it) =>
    it.destroysData.map((what) => `Destroys: ${what}${keptText(it, held)}.`),
  );
  const passedOn = new Set(
    reached.map(({ table, op, column }) =>
      op === 'delete'
        ? `rows of ${shortName(table)} that refer to them`
        : `${shortName(table)}.${column} in rows that refer to them`,
    ),
  );
  const through = [...passedOn].map((what) => `Destroys: ${what}, by a foreign key (kept in the snapshot).`);
  return lost.length + through.length === 0 ? ['Destroys no data.'] : [...lost, ...through];
}

/** Only tables are copied. */
function keptText(statement: StatementAnalysis, held: ReadonlySet<string>): string {
  const tables = statement.effects.filter(changesTable);
  if (tables.length > 0 && tables.every((it) => held.has(it.on))) return ' (kept in the snapshot)';
  return tables.length > 0 ? ' (made by this SQL, or not there: not copied)' : ' (NOT copied: not a table)';
}

const lockText = ({ lockSeconds, maxLockSeconds, sizesOld, waits }: Told): string =>
  `Locked for about ${lockSeconds} s once the locks are there, and never longer than ${maxLockSeconds} s; ` +
  `${waits} wait as long, and during each attempt.${sizesOld ? ' The sizes are those of the last vacuum: somebody keeps the tables locked now.' : ''}`;

function locksText(locks: readonly Lock[], rewrites: boolean): string {
  const taken = locks.map((it) => `${it.mode} on ${it.relation}`).join(', ');
  const parts = [...(taken === '' ? [] : [`locks ${taken}`]), ...(rewrites ? ['rewrites the table'] : [])];
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`;
}

function holdersText(holders: readonly Blocker[] | undefined): string[] {
  if (holders === undefined) return ['Who holds locks now: not looked, no table is named that is there.'];
  return holders.length === 0
    ? ['Nobody holds a lock on it now.']
    : holders.map((it) => `Holds a lock on ${it.relations.join(', ')} now: ${sessionText(it)}.`);
}

function usersText(users: Users): string[] {
  if (users.removes.length === 0) return ['Removes nothing that code could use.'];
  const what = users.removes.join(', ');
  const now = users.seen.map((who) => `Uses ${what}, which this removes: ${who}.`);
  const before = (users.counted ?? []).map((it) => `Was sent with ${what}, which this removes, ${it}.`);
  if (now.length + before.length > 0) return [...now, ...before];
  const seen = users.known ? 'no session is seen using it now; ' : '';
  return [
    `Removes ${what}: ${seen}whether deployed code needs it is not known. Code goes back before schema.`,
  ];
}
