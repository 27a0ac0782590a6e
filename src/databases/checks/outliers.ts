/** The statements that took most of the time, as pg_stat_statements counts them. */
import { type Check, defineCheck, type Finding } from '../check.ts';
import { counted, percentOf, round } from '../figures.ts';
import { ident } from '../names.ts';
import { sqlstateOf } from '../pg-errors.ts';
import { redactSql } from '../redact.ts';

interface Extension {
  readonly schema: string | null;
  readonly version: string | null;
  readonly role: string;
  readonly sees_all: boolean;
}

const EXTENSION = `
  select (select e.extnamespace::regnamespace::text from pg_extension e where e.extname = 'pg_stat_statements') as schema,
         (select e.extversion from pg_extension e where e.extname = 'pg_stat_statements') as version,
         quote_ident(current_user) as role,
         pg_has_role(current_user, 'pg_read_all_stats', 'usage') as sees_all`;

interface Row {
  readonly total_ms: number;
  readonly mean_ms: number;
  readonly calls: number;
  readonly rows: number;
  readonly all_ms: number;
  readonly query: string;
}

/** Since its version 1.8 planning and executing are counted apart. */
const statements = (view: string, version: string): string => {
  const total = Number(version.split('.')[1]) >= 8 ? 'total_exec_time' : 'total_time';
  return `
  select s.${total} as total_ms,
         s.${total} / greatest(s.calls, 1) as mean_ms,
         s.calls::float8,
         s.rows::float8,
         sum(s.${total}) over () as all_ms,
         left(s.query, 2000) as query
    from ${view} s
    join pg_database d on d.oid = s.dbid
   where d.datname = current_database()
   order by 1 desc
   limit 10`;
};

const check: Check = defineCheck({
  name: 'outliers',
  title: 'The statements that took most of the time (pg_stat_statements)',
  order: 220,
  firstMinutes: false,
  privilege: 'pg_monitor',
  danger: 'reads the file of all statement texts, once',
  async run(target) {
    const [extension] = await target.read<Extension>(EXTENSION);
    const { schema, version } = extension ?? {};
    if (extension === undefined || schema === undefined || schema === null || !version) return missing();
    if (!extension.sees_all) return blind(extension.role);
    const sql = statements(`${schema}.${ident('pg_stat_statements')}`, version);
    const rows = await target.read<Row>(sql).catch((error: unknown) => {
      // Created, but the server does not load it.
      if (sqlstateOf(error) === '55000') return undefined;
      throw error;
    });
    return rows === undefined ? missing() : found(rows);
  },
});
export default check;

async function found(rows: readonly Row[]): Promise<Finding> {
  const statements = await Promise.all(
    rows.map(async ({ all_ms, query, ...row }) => ({
      ...row,
      percent: percentOf(row.total_ms, all_ms),
      query: await redactSql(query),
    })),
  );
  const [top] = statements;
  const verdict =
    top === undefined
      ? 'No statement was counted yet.'
      : `${top.percent} % of all time went to one statement (${counted(top.calls)} ${top.calls === 1 ? 'call' : 'calls'}, ${round(top.mean_ms)} ms each): ${top.query}`;
  return { status: 'ok', verdict, facts: { statements } };
}

const missing = (): Finding => ({
  status: 'skipped',
  verdict: 'The server does not count its statements: pg_stat_statements is not there.',
  facts: {},
  next: `Add pg_stat_statements to shared_preload_libraries, restart the server, then CREATE EXTENSION pg_stat_statements`,
});

const blind = (role: string): Finding => ({
  status: 'skipped',
  verdict: `A privilege is missing: ${role} does not see the statements of other roles.`,
  facts: {},
  next: `GRANT pg_monitor TO ${role}`,
});
