/** A job locks the orders it works on, and then waits for something else: who writes to an order waits for it. */
import { defineFault } from '../fault.ts';

export default defineFault({
  name: 'idle-in-transaction',
  make: async (ground) => {
    const job = await ground.connect('app', 'nightly-job');
    await job.query('begin');
    await job.query('select id from orders for update');
  },
  expects: { says: /57014|nightly-job/, culprit: /nightly-job/, follows: /55P03|lock|rolled back/ },
});
