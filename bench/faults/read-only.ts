/** The server takes no writes any more, as after a failover to the wrong side. */
import { defineFault } from '../fault.ts';

export default defineFault({
  name: 'read-only',
  make: async (ground) => {
    await ground.admin.query('alter system set default_transaction_read_only = on');
    await ground.admin.query('select pg_reload_conf()');
  },
  expects: { says: /read-only/, sqlstate: '25006', follows: /25006|rolled back/ },
});
