/** What the default monitors cost a target: the time that the server spends on their statements. */
import type pg from 'pg';
import type { Store } from '../src/store/store.ts';
import { openGround } from './ground.ts';
import { openVigil } from './vigil.ts';

export interface Cost {
  readonly statements: number;
  /** Milliseconds of planning and execution, within so many seconds of the monitors' clock. */
  readonly ms: number;
  /** Of it, to read the server's log. */
  readonly logMs: number;
}

const SETTINGS = {
  shared_preload_libraries: 'pg_stat_statements',
  'pg_stat_statements.track_planning': 'on',
};
const FAST_MS = 10;
/** A server that logs much: connections, slow statements, jobs. */
export const LINES_PER_S = 50;
/** As far as the looks into the log are apart. */
const TURN_S = 10;

/** All looks that fall into so many seconds, one after the other, beside the shop's traffic and a log that grows. */
export async function costOf(store: Store, seconds: number): Promise<Cost> {
  const ground = await openGround({ seed: 5, settings: SETTINGS, errors: 'logged' });
  try {
    await ground.admin.query('create extension pg_stat_statements');
    const vigil = await openVigil(ground, store, seconds * 1000);
    await vigil.watch({ seconds: 60, secondMs: FAST_MS });
    await ground.admin.query('select pg_stat_statements_reset()');
    for (let passed = 0; passed < seconds; passed += TURN_S) {
      await writeLog(ground.admin, TURN_S * LINES_PER_S);
      await vigil.watch({ seconds: TURN_S, secondMs: FAST_MS });
    }
    const { rows } = await ground.admin.query<Cost>(SPENT, [ground.shop.roles.diag]);
    return rows[0] ?? { statements: 0, ms: 0, logMs: 0 };
  } finally {
    await ground.close();
  }
}

const writeLog = (admin: pg.Client, lines: number): Promise<unknown> =>
  admin.query(`do $$ begin
    for line in 1..${lines} loop raise log 'job % of the night is done, and took % ms', line, line * 7; end loop;
  end $$`);

const SPENT = `
  select sum(s.calls)::int as statements,
         sum(s.total_plan_time + s.total_exec_time)::float8 as ms,
         coalesce(sum(s.total_plan_time + s.total_exec_time)
                  filter (where s.query ~ 'pg_current_logfile|pg_read_binary_file'), 0)::float8 as "logMs"
    from pg_stat_statements s
    join pg_roles r on r.oid = s.userid
   where r.rolname = $1`;
