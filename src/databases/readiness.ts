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
 * Looks at the roles of a target, one after the other. It never throws. `act` and `ddl` are opened for one SELECT each
 * and closed at once; without `diag` they are not looked at, since it knows which database they have to lead to.
 */
export async function lookAt(target: Target): Promise<TargetLook> {
  try {
    const diag = await lookAtDiag(target);
    const identity = await lookAtIdentity(target);
    const about = [...diag.about, ...identity.about].join('; ');
    const found = [...diag.problems, ...identity.problems];
    if (identity.problems.length > 0) return { about, problems: found };
    const act = await sessionProblems(target, 'act', actProblems);
    const ddl = await sessionProblems(target, 'ddl', ddlProblems);
    return { about, problems: [...found, ...act, ...ddl] };
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

async function sessionProblems(
  target: Target,
  role: 'act' | 'ddl',
  look: (client: pg.Client) => Promise<readonly TargetProblem[]>,
): Promise<readonly TargetProblem[]> {
  // A target without it was configured so: what needs it is refused with the reason.
  if (target.config.urls[role] === undefined) return [];
  try {
    const client = await target.session(role, 3000);
    return await look(client).finally(() => endQuietly(client));
  } catch (error) {
    return [unreachable(target, role, error)];
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

async function actProblems(client: pg.Client): Promise<readonly TargetProblem[]> {
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

interface DdlRow {
  readonly role: string;
  readonly database: string;
  readonly creates: boolean;
}

const DDL = `
  select quote_ident(current_user) as role,
         quote_ident(current_database()) as database,
         has_database_privilege(current_database(), 'CREATE') as creates`;

async function ddlProblems(client: pg.Client): Promise<readonly TargetProblem[]> {
  const { rows } = await client.query<DdlRow>(soon(DDL));
  const { role = '?', database = '?', creates } = rows[0] ?? {};
  return when(creates === false, {
    found: `The ddl role ${role} may create no schema: neither markers nor snapshots can be kept.`,
    fix: `GRANT CREATE ON DATABASE ${database} TO ${role};`,
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
