/** Where the package is and which version it has, from source and from dist alike. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json: SQL, runbooks and manifest.yml are read from there. */
export const PACKAGE_ROOT = findRoot(dirname(fileURLToPath(import.meta.url)));

/** The shipped runbooks. */
export const RUNBOOKS = join(PACKAGE_ROOT, 'runbooks');

export const VERSION = (
  JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')) as { version: string }
).version;

/** As exports name what made them. */
export const PRODUCT = `Firebreak ${VERSION}`;

function findRoot(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : findRoot(dirname(folder));
}
