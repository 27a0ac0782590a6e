/** The server goes down for a restart, and does not come up again. */
import { defineFault } from '../fault.ts';

export default defineFault({
  name: 'server-restart',
  make: (ground) => ground.server.crash(),
  expects: { says: /ECONNREFUSED|cannot be reached/, follows: /57P0|08\d|ECONN|reached|terminat/ },
});
