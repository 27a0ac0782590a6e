/** Where global-setup has built what tests start as processes of their own. */
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/version.ts';

/** By its path in the sources: `src/cli/main`. */
export const built = (module: string): string => join(PACKAGE_ROOT, 'dist', `${module}.js`);

/** The command line, `firebreak`. */
export const MAIN = built('src/cli/main');
