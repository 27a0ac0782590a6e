/** What the diag role may see: what it cannot see is skipped, with the GRANT, and never taken for healthy. */
import type { Check, Finding } from './check.ts';
import type { Target } from './target.ts';

/** The diag role's name, quoted where SQL needs it, and whether it sees what other roles' sessions do. */
export async function roleOf(target: Target): Promise<{ readonly role: string; readonly seesAll: boolean }> {
  const [row] = await target.read<{ role: string; sees_all: boolean }>(
    `select quote_ident(current_user) as role,
            pg_has_role(current_user, 'pg_read_all_stats', 'usage') as sees_all`,
  );
  return { role: row?.role ?? '', seesAll: row?.sees_all ?? false };
}

/** A check's `run` that is skipped for a role to which other sessions' columns are NULL: none would look like no trouble. */
export const seeingAll =
  (run: Check['run']): Check['run'] =>
  async (target, context) => {
    const { role, seesAll } = await roleOf(target);
    if (seesAll) return run(target, context);
    return missing(`The role ${role} does not see what other sessions do.`, `GRANT pg_monitor TO ${role}`);
  };

const READ_LOG = 'pg_read_binary_file(text, bigint, bigint)';

/** What reading the server's log takes. */
export const LOG_PRIVILEGE = `pg_monitor, and EXECUTE on ${READ_LOG}`;

/** Why a role may not read the server's log, and the GRANT. */
export const missingForLog = (role: string): { readonly reason: string; readonly fix: string } => ({
  reason: `The role ${role} may not read the server's log. The right to do so opens every file of the data folder to it.`,
  fix: `GRANT pg_monitor TO ${role}; GRANT EXECUTE ON FUNCTION ${READ_LOG} TO ${role}`,
});

/** Skipped for want of a privilege. */
export const missing = (verdict: string, grant: string): Finding => ({
  status: 'skipped',
  verdict,
  facts: {},
  next: grant,
});
