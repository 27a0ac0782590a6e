/** Settings that differ from what the server came with, and those that wait for a restart. */
import { type Check, defineCheck, judge } from '../check.ts';
import { missing } from '../privileges.ts';
import { count } from '../words.ts';

interface Row {
  readonly name: string;
  readonly value: string;
  readonly source: string;
  readonly pending_restart: boolean;
}

/**
 * Values in words can hold passwords, as those of commands and connections do: only numbers and choices are read. What
 * the command line says counts as pending after any reload when a file says otherwise, and never changes by a restart.
 */
const SQL = `
  select name,
         case when vartype = 'string' then '(text)' else setting || coalesce(' ' || unit, '') end as value,
         source,
         pending_restart and source <> 'command line' as pending_restart
    from pg_settings
   where pending_restart
      or source in ('configuration file', 'command line', 'environment variable', 'database', 'user', 'database user')
   order by 4 desc, name
   limit 200`;

const SEES = `
  select pg_has_role(current_user, 'pg_read_all_settings', 'usage') as "all", quote_ident(current_user) as role`;

const check: Check = defineCheck({
  name: 'settings',
  title: 'Settings that were changed, and those that wait for a restart',
  order: 80,
  firstMinutes: true,
  privilege: 'pg_monitor',
  danger: 'none',
  /** Settings that wait for a restart. */
  limits: { warn: 1, crit: Infinity },
  source: 'pgMonitor has it as critical; it explains no outage before the restart, so that it warns (ours)',
  async run(target, { limits }) {
    const [seen] = await target.read<{ all: boolean; role: string }>(SEES);
    if (seen?.all === false)
      return missing(
        `The role ${seen.role} does not see the settings that only superusers see.`,
        `GRANT pg_monitor TO ${seen.role}`,
      );
    const settings = await target.read<Row>(SQL);
    const pending = settings.filter((it) => it.pending_restart).map((it) => it.name);
    const status = judge(pending.length, limits);
    const facts = { pending, settings };
    if (status === 'ok') {
      return {
        status,
        verdict: `${count(settings.length, 'setting')} changed, none waits for a restart.`,
        facts,
      };
    }
    const verdict = `${pending.length === 1 ? '1 setting waits' : `${pending.length} settings wait`} for a restart: ${pending.slice(0, 5).join(', ')}. What the files say is not what is in force.`;
    return { status, verdict, facts };
  },
});
export default check;
