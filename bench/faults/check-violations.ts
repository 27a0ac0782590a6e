/** A release forbids a status that the running site still writes. */
import { defineFault } from '../fault.ts';

export default defineFault({
  name: 'check-violations',
  make: async (ground) => {
    await ground.deploy(
      'known-statuses',
      `alter table order_status add constraint known_status
  check (status in ('placed', 'packed', 'shipped', 'delivered', 'returned', 'delayed')) not valid;`,
    );
  },
  expects: {
    says: /check|violate|data/i,
    sqlstate: '23514',
    table: 'order_status',
    migration: '1717408740000_known-statuses',
    follows: /23514|rolled back/,
  },
});
