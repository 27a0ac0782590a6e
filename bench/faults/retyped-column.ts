/** A release changes a column's type under the arithmetic of the running site. */
import { defineFault } from '../fault.ts';

export default defineFault({
  name: 'retyped-column',
  make: async (ground) => {
    await ground.deploy('eta-as-text', 'alter table order_status alter column eta type text;');
  },
  expects: {
    says: /operator does not exist/,
    sqlstate: '42883',
    table: 'order_status',
    migration: '1717408740000_eta-as-text',
    follows: /42883|42804|rolled back/,
  },
});
