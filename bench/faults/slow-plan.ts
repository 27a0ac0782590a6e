/** Statistics that were lost make the planner believe in a row a table: it joins them row by row. */
import { defineFault } from '../fault.ts';

export default defineFault({
  name: 'slow-plan',
  settings: { autovacuum: 'off' },
  probes: [
    {
      name: 'parcels-late',
      sql: 'select count(*) from parcels p join scans s on s.parcel = p.code where s.late',
    },
  ],
  prepare: async (ground) => {
    await ground.admin.query(`
      create table parcels (code text not null);
      create table scans (parcel text not null, late boolean not null);
      insert into parcels select md5(n::text) from generate_series(1, 40000) n;
      insert into scans select md5(n::text), n % 3 = 0 from generate_series(1, 120000) n;
      grant select on parcels, scans to ${ground.shop.roles.diag};
      analyze parcels, scans`);
  },
  make: async (ground) => {
    await ground.admin.query(`
      select pg_restore_relation_stats('schemaname', 'public', 'relname', c.relname::text,
                                       'relpages', c.relpages, 'reltuples', 1::real)
        from pg_class c
       where c.oid in ('parcels'::regclass, 'scans'::regclass)`);
  },
  expects: { says: /timeout|in time/, sqlstate: '57014', table: 'parcels', follows: /57014|running/ },
});
