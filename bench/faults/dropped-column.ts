/** A release drops a column that the running site still asks for. */
import { defineFault } from '../fault.ts';

export default defineFault({
  name: 'dropped-column',
  make: async (ground) => {
    await ground.deploy('drop-carrier', 'alter table order_status drop column carrier;');
  },
  expects: {
    says: /carrier/,
    sqlstate: '42703',
    table: 'order_status',
    migration: '1717408740000_drop-carrier',
    follows: /42703|rolled back/,
  },
});
