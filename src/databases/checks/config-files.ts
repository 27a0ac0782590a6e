/** Lines of the configuration files that the server cannot apply: it would not start with them. */
import { type Check, defineCheck } from '../check.ts';
import { isPrivilege } from '../pg-errors.ts';
import { missing, roleOf } from '../privileges.ts';
import { count } from '../words.ts';

interface Row {
  readonly file: string;
  readonly line: number;
  /** Never the line itself: it can hold a password. */
  readonly setting: string | null;
  readonly error: string;
}

/** A setting that waits for a restart cannot be applied either, but is no mistake. */
const sql = (version: number): string => `
  select f.sourcefile as file, f.sourceline as line, f.name as setting, f.error
    from pg_file_settings f
   where f.error is not null
     and not exists (select from pg_settings s where s.name = f.name and s.pending_restart)
   union all
  select ${version >= 16 ? 'file_name' : "current_setting('hba_file')"}, line_number, null, error
    from pg_hba_file_rules
   where error is not null
   limit 20`;

const check: Check = defineCheck({
  name: 'config-files',
  title: 'Lines of the configuration files that the server cannot apply',
  order: 82,
  firstMinutes: true,
  privilege: 'SELECT on pg_file_settings and pg_hba_file_rules, which pg_monitor does not have',
  danger: 'none',
  async run(target, { version }) {
    const lines = await target.read<Row>(sql(version)).catch((error: unknown) => {
      if (isPrivilege(error)) return undefined;
      throw error;
    });
    if (lines === undefined) {
      const { role } = await roleOf(target);
      return missing(
        `The role ${role} may not look for mistakes in the server's configuration files.`,
        `GRANT SELECT ON pg_file_settings, pg_hba_file_rules TO ${role}; GRANT EXECUTE ON FUNCTION pg_show_all_file_settings(), pg_hba_file_rules() TO ${role}`,
      );
    }
    const [first] = lines;
    if (first === undefined) {
      return { status: 'ok', verdict: 'The configuration files have no mistakes.', facts: { lines } };
    }
    const what = first.setting === null ? '' : ` (${first.setting})`;
    return {
      status: 'warn',
      verdict: `${count(lines.length, 'mistake')} in the configuration files, the first in line ${first.line}${what} of ${first.file}: ${unquoted(first.error)}. The server may not start again.`,
      facts: { lines: lines.map((it) => ({ ...it, error: unquoted(it.error) })) },
    };
  },
});
export default check;

/** What stands in quotes is somebody's text. */
const unquoted = (error: string): string => error.replace(/"[^"]*"/g, '"…"');
