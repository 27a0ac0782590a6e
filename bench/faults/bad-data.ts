/** A release overwrites rows: every query works, and what it answers is wrong. */
import { defineFault } from '../fault.ts';

export default defineFault({
  name: 'bad-data',
  probes: [
    {
      name: 'statuses-known',
      sql: `select not exists (
  select from order_status where order_id between 1 and 500 and status = 'unknown'
) as ok`,
    },
  ],
  make: async (ground) => {
    await ground.deploy(
      'normalize-status',
      "update order_status set status = 'unknown' where order_id % 100 < 30;",
    );
  },
  expects: {
    says: /statuses-known/,
    table: 'order_status',
    migration: '1717408740000_normalize-status',
  },
});
