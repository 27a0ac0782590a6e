/** A worker opens a connection for each job and closes none, until the server has no more. */
import { defineFault } from '../fault.ts';

const MORE_THAN_THERE_ARE = 100;

export default defineFault({
  name: 'connection-leak',
  make: async (ground) => {
    for (let job = 0; job < MORE_THAN_THERE_ARE; job += 1) {
      const refused = await ground.connect('app', 'leaky-worker').then(
        () => false,
        () => true,
      );
      if (refused) return;
    }
  },
  expects: { says: /leaky-worker/, culprit: /leaky-worker/, follows: /53300|connections/ },
});
