/** Somebody reads and forgets the transaction; a release waits for its lock, and the site queues behind the release. */
import { defineFault } from '../fault.ts';

export default defineFault({
  name: 'lock-pile-up',
  make: async (ground) => {
    const reader = await ground.connect('app', 'metabase');
    await reader.query('begin');
    await reader.query('select count(*) from order_status');
    const release = await ground.connect('owner', 'deploy');
    // It waits until the ground is closed.
    release.query('alter table order_status add column note text').catch(() => undefined);
  },
  expects: {
    says: /55P03|57014/,
    table: 'order_status',
    culprit: /metabase/,
    follows: /lock|metabase|idle in transaction|rolled back/,
  },
});
