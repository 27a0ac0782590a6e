/** A standby stops replaying while an import goes on: who reads there is answered with what was true long ago. */
import type pg from 'pg';
import { defineFault } from '../fault.ts';
import type { Ground } from '../ground.ts';
import { startStandby } from '../standby.ts';

const standbys = new WeakMap<Ground, pg.Client>();

export default defineFault({
  name: 'replica-lag',
  settings: { wal_level: 'replica', max_wal_senders: '5', max_wal_size: '2GB' },
  prepare: async (ground) => {
    standbys.set(ground, await startStandby(ground));
  },
  make: async (ground) => {
    await standbys.get(ground)?.query('select pg_wal_replay_pause()');
    await ground.admin.query('create table imported (line text)');
    await ground.admin.query(`insert into imported select repeat('x', 1000) from generate_series(1, 120000)`);
  },
  expects: { says: /replica_1.*behind/, follows: /replica_1|standby/ },
});
