/** The server goes down for a restart, and does not come up again. */
import { defineFault } from '../fault.ts';

/** While it goes down it says so itself; then nobody answers. */
const GONE = /ECONNREFUSED|ECONNRESET|57P0\d|terminated/;

export default defineFault({
  name: 'server-restart',
  make: (ground) => ground.server.crash(),
  expects: { says: GONE },
});
