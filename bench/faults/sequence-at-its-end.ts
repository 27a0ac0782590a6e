/** The ids of new orders run out. */
import { defineFault } from '../fault.ts';

export default defineFault({
  name: 'sequence-at-its-end',
  make: async (ground) => {
    // No new order may come in between the question and the limit.
    await ground.admin.query(`
      do $$ begin
        lock table orders in share row exclusive mode;
        execute format('alter sequence orders_id_seq maxvalue %s', (select last_value from orders_id_seq));
      end $$`);
  },
  expects: { says: /orders_id_seq/, follows: /2200H|sequence|rolled back/ },
});
