/** Who needs what SQL removes: sessions that name it now, and statements that the server has counted. */
import type { SqlAnalysis } from './analyse.ts';
import { baseName, ident } from './names.ts';
import { statementsOf, tokensOf } from './parse.ts';
import { redactSql } from './redact.ts';
import type { Target } from './target.ts';

export interface Users {
  /** False: some statements of others could not be read. */
  readonly known: boolean;
  readonly removes: readonly string[];
  /** Sessions whose last statement names it. */
  readonly seen: readonly string[];
  /** Statements that named it since pg_stat_statements counts; undefined where that cannot be read. */
  readonly counted?: readonly string[];
}

/** Looks for sessions and statements that name what SQL removes or renames away. */
export async function usersOf(target: Target, sql: SqlAnalysis): Promise<Users> {
  const removes = removedNames(sql);
  if (removes.length === 0) return { known: true, removes, seen: [] };
  const wanted = new Set(removes.map(baseName));
  const counted = await countedStatements(target, wanted).catch(() => undefined);
  return { removes, ...(await sessionsNaming(target, wanted)), ...(counted ? { counted } : {}) };
}

/** Names that are gone after it. */
export const removedNames = (sql: SqlAnalysis): string[] =>
  sql.statements
    .flatMap((it) => it.effects)
    .flatMap((it) => {
      if (it.op === 'drop-column') return [it.column ?? ''];
      if (it.op === 'rename-column' || it.op === 'rename-table') return [it.from ?? ''];
      return it.op === 'drop' ? [it.on] : [];
    });

const MOST_TOLD = 5;

async function sessionsNaming(
  target: Target,
  wanted: ReadonlySet<string>,
): Promise<Pick<Users, 'known' | 'seen'>> {
  const rows = await target.read<{ pid: number; application: string; query: string }>(`
    select pid, application_name as application, left(query, 1000) as query
      from pg_stat_activity
     where (backend_type = 'client backend' or backend_type is null)
       and datname = current_database() and application_name is distinct from 'firebreak'
     limit 500`);
  const seen: string[] = [];
  for (const row of rows) {
    if (!(await namesAny(row.query, wanted))) continue;
    seen.push(`pid ${row.pid} (${row.application}): ${await redactSql(row.query, 120)}`);
  }
  const known = !rows.some((row) => row.query === '<insufficient privilege>');
  return { known, seen: seen.slice(0, MOST_TOLD) };
}

interface Counted {
  readonly calls: string;
  readonly query: string;
}

/** What code that is idle now has sent before; a definition of the thing is no use of it, nor is a look of ours. */
async function countedStatements(target: Target, wanted: ReadonlySet<string>): Promise<string[] | undefined> {
  const [extension] = await target.read<{ schema: string }>(
    `select extnamespace::regnamespace::text as schema from pg_extension where extname = 'pg_stat_statements'`,
  );
  if (extension === undefined) return undefined;
  const rows = await target.read<Counted>(
    `select s.calls::text, left(s.query, 2000) as query
       from ${extension.schema}.${ident('pg_stat_statements')} s
       join pg_database d on d.oid = s.dbid
      where d.datname = current_database()
        and s.userid <> (select oid from pg_roles where rolname = current_user)
        and exists (select from unnest($1::text[]) as name where position(name in lower(s.query)) > 0)
      order by s.calls desc
      limit 100`,
    [[...wanted].map((name) => name.toLowerCase())],
  );
  const found: string[] = [];
  for (const { calls, query } of rows) {
    if (found.length === MOST_TOLD) break;
    if ((await isUse(query)) && (await namesAny(query, wanted)))
      found.push(`${calls === '1' ? 'once' : `${calls} times`}: ${await redactSql(query, 120)}`);
  }
  return found;
}

const USES = new Set(['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt', 'CopyStmt']);

/** A text that was cut off cannot be read: it may be one. */
const isUse = (query: string): Promise<boolean> =>
  statementsOf(query).then(
    (statements) => statements.some(({ kind }) => USES.has(kind)),
    () => true,
  );

/** Compares whole tokens, so that `eta` is not found in `metadata`; a schema is a token of its own. */
async function namesAny(query: string, wanted: ReadonlySet<string>): Promise<boolean> {
  const scanned = await tokensOf(query);
  return scanned?.tokens.some(({ text }) => wanted.has(nameIn(text))) === true;
}

/** Without quotes a name is in lower case, however it is typed. */
const nameIn = (token: string): string =>
  token.startsWith('"') ? token.slice(1, -1).replaceAll('""', '"') : token.toLowerCase();
