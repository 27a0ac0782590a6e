/** Whether a target is as Firebreak needs it on the night it is needed: each thing that is not, with its fix. */
import type pg from 'pg';
import type { TargetProblem } from '../domain/health.ts';
import { FirebreakError } from '../errors.ts';
import { OLDEST } from './check.ts';
import { errorText } from './pg-errors.ts';
import { soon } from './reader.ts';
import { readRights } from './rights.ts';
import { endQuietly, identityText, type Target } from './target.ts';

export interface TargetLook {
  /** Version, identity and what the diag role sees, in words; undefined when it cannot be reached. */
  readonly about?: string;
  readonly problems: readonly TargetProblem[];
}

/**
 * Looks at the roles of a target, one after the other. It never throws. `act` is opened for one SELECT and closed at once;
 * `ddl` is opened for approved plans only, so that of it only the catalog is asked. Without `diag` neither is looked at.
 */
export async function lookAt(target: Target): Promise<TargetLook> {
  try {
    const diag = await lookAtDiag(target);
    const identity = await lookAtIdentity(target);
    const about = [...diag.about, ...identity.about].join('; ');
    const found = [...diag.problems, ...identity.problems];
    if (identity.problems.length > 0) return { about, problems: found };
    return { about, problems: [...found, ...(await actProblems(target)), ...(await ddlProblems(target))] };
  } catch (error) {
    return { problems: [unreachable(target, 'diag', error)] };
  }
}

interface Part {
  readonly about: readonly string[];
  readonly problems: readonly TargetProblem[];
}

interface DiagRow {
  readonly version: string;
  readonly version_num: number;
  readonly monitors: boolean;
}

const DIAG = `
  select current_setting('server_version') as version,
         current_setting('server_version_num')::int as version_num,
         pg_has_role(current_user, 'pg_monitor', 'USAGE') as monitors`;

async function lookAtDiag(target: Target): Promise<Part> {
  const [row] = await target.read<DiagRow>(DIAG);
  const { role, excess, seesEveryRow } = await readRights(target);
  const version = row?.version ?? '?';
  const problems = [
    ...when((row?.version_num ?? 0) < OLDEST * 10_000, {
      found: `It is PostgreSQL ${version}; the checks are written for ${OLDEST} and newer.`,
      fix: 'Expect checks to fail there.',
    }),
    ...when(row?.monitors === false, {
      found: `The diag role ${role} does not see what other sessions do.`,
      fix: `GRANT pg_monitor TO ${role};`,
    }),
    ...excess.map(({ found, fix }) => ({ found: `The diag role ${role} ${found}.`, fix })),
  ];
  const sees = seesEveryRow ? [`row security hides nothing from ${role}`] : [];
  return { about: [`PostgreSQL ${version}`, ...sees], problems };
}

async function lookAtIdentity(target: Target): Promise<Part> {
  try {
    return { about: [identityText(await target.identity())], problems: [] };
  } catch (error) {
    if (!(error instanceof FirebreakError)) throw error;
    return { about: [], problems: [{ found: error.message, fix: error.fix }] };
  }
}

/** A target without the role was configured so: what needs it is refused with the reason. */
async function actProblems(target: Target): Promise<readonly TargetProblem[]> {
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

async function rightsToAct(client: pg.Client): Promise<readonly TargetProblem[]> {
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

async function ddlProblems(target: Target): Promise<readonly TargetProblem[]> {
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

const when = (wrong: boolean, problem: TargetProblem): readonly TargetProblem[] => (wrong ? [problem] : []);
