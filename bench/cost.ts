/** What the default monitors cost a target: the time that the server spends on their statements. */
import type { Store } from '../src/store/store.ts';
import { openGround } from './ground.ts';
import { openVigil } from './vigil.ts';

export interface Cost {
  readonly statements: number;
  /** Milliseconds of planning and execution, within so many seconds of the monitors' clock. */
  readonly ms: number;
}

const SETTINGS = {
  shared_preload_libraries: 'pg_stat_statements',
  'pg_stat_statements.track_planning': 'on',
};
const FAST_MS = 10;

/** All looks that fall into so many seconds, one after the other, beside the shop's traffic. */
export async function costOf(store: Store, seconds: number): Promise<Cost> {
  const ground = await openGround({ seed: 5, settings: SETTINGS });
  try {
    await ground.admin.query('create extension pg_stat_statements');
    const vigil = await openVigil(ground, store, seconds * 1000);
    await vigil.watch({ seconds: 60, secondMs: FAST_MS });
    await ground.admin.query('select pg_stat_statements_reset()');
    await vigil.watch({ seconds, secondMs: FAST_MS });
    const { rows } = await ground.admin.query<Cost>(SPENT, [ground.shop.roles.diag]);
    return rows[0] ?? { statements: 0, ms: 0 };
  } finally {
    await ground.close();
  }
}

const SPENT = `
  select sum(s.calls)::int as statements, sum(s.total_plan_time + s.total_exec_time)::float8 as ms
    from pg_stat_statements s
    join pg_roles r on r.oid = s.userid
   where r.rolname = $1`;
