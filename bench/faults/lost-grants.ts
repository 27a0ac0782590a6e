/** A release builds a table anew, and forgets who may read it: the site may not, Firebreak's own role may. */
import { defineFault } from '../fault.ts';

export default defineFault({
  name: 'lost-grants',
  make: async (ground) => {
    await ground.deploy(
      'order-status-rebuilt',
      `create table order_status_new (like order_status including all);
insert into order_status_new select * from order_status;
drop table order_status;
alter table order_status_new rename to order_status;`,
    );
  },
  expects: {
    says: /permission|privilege|grant|may not/i,
    sqlstate: '42501',
    table: 'order_status',
    migration: '1717408740000_order-status-rebuilt',
    follows: /42501|rolled back/,
  },
});
