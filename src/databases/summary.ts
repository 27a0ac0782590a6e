/** What SQL does to a database in plain words, for the person who is asked to approve it. */
import type { Blocker } from '../domain/sweep.ts';
import type { Lock, SqlAnalysis, StatementAnalysis } from './analyse.ts';
import { baseName, shortName } from './names.ts';
import { tokensOf } from './parse.ts';
import type { Write } from './reach.ts';
import { redactSql } from './redact.ts';
import { sessionText } from './sessions.ts';
import { sizeText } from './tables.ts';
import type { Target } from './target.ts';
import { changesTable, type TouchedTable } from './touched.ts';

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
}

/** Sessions whose last statement names what the SQL removes. */
export interface Users {
  readonly known: boolean;
  readonly removes: readonly string[];
  readonly seen: readonly string[];
}

/** The lines, the gravest first. */
export function changeLines(told: Told): string[] {
  return [
    ...destroyedText(told),
    ...told.sql.statements.map(
      (it, i) => `Statement ${i + 1} ${it.describe}${locksText(it.locks, it.rewrites)}.`,
    ),
    ...told.affected.map(({ facts }) => `Size of ${sizeText(facts)}.`),
    ...told.fires.map((what) => `Fires ${what}: what that writes is neither locked nor copied.`),
    lockText(told),
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
  if (users.seen.length > 0) return users.seen.map((who) => `Uses ${what}, which this removes: ${who}.`);
  const seen = users.known ? 'no session is seen using it now; ' : '';
  return [
    `Removes ${what}: ${seen}whether deployed code needs it is not known. Code goes back before schema.`,
  ];
}

/** Looks for sessions whose statements name what SQL removes or renames away. */
export async function usersOf(target: Target, down: SqlAnalysis): Promise<Users> {
  const removes = removedNames(down);
  if (removes.length === 0) return { known: true, removes, seen: [] };
  const rows = await target.read<{ pid: number; application: string; query: string }>(`
    select pid, application_name as application, left(query, 1000) as query
      from pg_stat_activity
     where backend_type = 'client backend' and datname = current_database() and application_name <> 'firebreak'
     limit 500`);
  const seen: string[] = [];
  for (const row of rows) {
    if (!(await namesAny(row.query, removes))) continue;
    seen.push(`pid ${row.pid} (${row.application}): ${await redactSql(row.query, 120)}`);
  }
  const known = !rows.some((row) => row.query === '<insufficient privilege>');
  return { known, removes, seen: seen.slice(0, 5) };
}

function removedNames(down: SqlAnalysis): string[] {
  return down.statements
    .flatMap((it) => it.effects)
    .flatMap((it) => {
      if (it.op === 'drop-column') return [it.column ?? ''];
      if (it.op === 'rename-column' || it.op === 'rename-table') return [it.from ?? ''];
      return it.op === 'drop' ? [it.on] : [];
    });
}

/** Compares whole tokens, so that `eta` is not found in `metadata`; a schema is a token of its own. */
async function namesAny(query: string, names: readonly string[]): Promise<boolean> {
  const scanned = await tokensOf(query);
  const wanted = new Set(names.map(baseName));
  return scanned?.tokens.some((token) => wanted.has(token.text.replaceAll('"', ''))) === true;
}
