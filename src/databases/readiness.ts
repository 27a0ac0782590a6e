/** Whether a target is as Firebreak needs it on the night it is needed: each thing that is not, with its fix. */
import type pg from 'pg';
import type { TargetProblem } from '../domain/health.ts';
import { FirebreakError } from '../errors.ts';
import { OLDEST } from './check.ts';
import { errorText } from './pg-errors.ts';
import { soon } from './reader.ts';
import { readRights } from './rights.ts';
import { endQuietly, type Target } from './target.ts';

/**
 * Looks at the roles of a target, one after the other. It never throws. `act` is opened for one SELECT and closed at once;
 * `ddl` is opened for approved plans only, so that of it only the catalog is asked. Without `diag` neither is looked at.
 */
export async function problemsOf(target: Target): Promise<readonly TargetProblem[]> {
  try {
    const found = [...(await diagProblems(target)), ...(await identityProblems(target))];
    if (found.some(({ blind }) => blind)) return found.map(told);
    const act = await actProblems(target);
    const ddl = await ddlProblems(target);
    return [...found, ...act, ...ddl].map(told);
  } catch (error) {
    return [unreachable(target, 'diag', error)];
  }
}

/** `blind`: behind it nothing else can be seen. */
type Found = TargetProblem & { readonly blind?: true };

const told = ({ found, fix }: Found): TargetProblem => ({ found, fix });

interface DiagRow {
  readonly version: string;
  readonly version_num: number;
  readonly monitors: boolean;
}

const DIAG = `
  select current_setting('server_version') as version,
         current_setting('server_version_num')::int as version_num,
         pg_has_role(current_user, 'pg_monitor', 'USAGE') as monitors`;

async function diagProblems(target: Target): Promise<readonly Found[]> {
  const [row] = await target.read<DiagRow>(DIAG);
  const { role, excess } = await readRights(target);
  return [
    ...when((row?.version_num ?? 0) < OLDEST * 10_000, {
      found: `It is PostgreSQL ${row?.version ?? '?'}; the checks are written for ${OLDEST} and newer.`,
      fix: 'Expect checks to fail there.',
    }),
    ...when(row?.monitors === false, {
      found: `The diag role ${role} does not see what other sessions do.`,
      fix: `GRANT pg_monitor TO ${role};`,
    }),
    ...excess.map(({ found, fix }) => ({ found: `The diag role ${role} ${found}.`, fix })),
  ];
}

async function identityProblems(target: Target): Promise<readonly Found[]> {
  try {
    await target.identity();
    return [];
  } catch (error) {
    if (!(error instanceof FirebreakError)) throw error;
    return [{ found: error.message, fix: error.fix, blind: true }];
  }
}

/** A target without the role was configured so: what needs it is refused with the reason. */
async function actProblems(target: Target): Promise<readonly Found[]> {
  if (target.config.urls.act === undefined) return [];
  try {
    const client = await target.session('act', 3000);
    return await rightsToAct(client).finally(() => endQuietly(client));
  } catch (error) {
    return [unreachable(target, 'act', error)];
  }
}

interface ActRow {
  readonly role: string;
  readonly signals: boolean;
  readonly sees: boolean;
}

const ACT = `
  select quote_ident(current_user) as role,
         pg_has_role(current_user, 'pg_signal_backend', 'USAGE') as signals,
         pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') as sees`;

async function rightsToAct(client: pg.Client): Promise<readonly Found[]> {
  const { rows } = await client.query<ActRow>(soon(ACT));
  const { role = '?', signals, sees } = rows[0] ?? {};
  return [
    ...when(signals === false, {
      found: `The act role ${role} may end no session of others.`,
      fix: `GRANT pg_signal_backend TO ${role};`,
    }),
    ...when(sees === false, {
      found: `The act role ${role} does not see when other sessions began, and so ends none.`,
      fix: `GRANT pg_read_all_stats TO ${role};`,
    }),
  ];
}

const DDL = `
  select quote_ident(r.rolname) as role,
         quote_ident(current_database()) as database,
         has_database_privilege(r.oid, current_database(), 'CREATE') as creates
    from pg_roles r
   where r.rolname = $1`;

async function ddlProblems(target: Target): Promise<readonly Found[]> {
  const { ddl } = target.config.urls;
  const user = ddl !== undefined && URL.canParse(ddl) ? decodeURIComponent(new URL(ddl).username) : '';
  if (user === '') return [];
  const [row] = await target.read<{ role: string; database: string; creates: boolean }>(DDL, [user]);
  if (row === undefined)
    return [
      {
        found: `The ddl role ${user} of its URL does not exist.`,
        fix: `\`firebreak db roles --target ${target.name}\` prints how to make it.`,
      },
    ];
  return when(!row.creates, {
    found: `The ddl role ${row.role} may create no schema: neither markers nor snapshots can be kept.`,
    fix: `GRANT CREATE ON DATABASE ${row.database} TO ${row.role};`,
  });
}

function unreachable(target: Target, role: string, error: unknown): TargetProblem {
  if (error instanceof FirebreakError) return { found: error.message, fix: error.fix };
  return {
    found: `The ${role} role cannot be used: ${errorText(error)}.`,
    fix: `Check its URL and password, the server and its pg_hba.conf; \`firebreak db roles --target ${target.name}\` prints the roles.`,
  };
}

const when = (wrong: boolean, problem: Found): readonly Found[] => (wrong ? [problem] : []);
