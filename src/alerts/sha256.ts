/** Names what has no name of its own, or one that is too long. */
import { createHash } from 'node:crypto';

/** In hex. */
export const sha256 = (given: Buffer | string): string => createHash('sha256').update(given).digest('hex');
