/** What is kept while a migration runs: where, by which names, and who may read it. */
import { ident } from '../names.ts';
import type { AtRisk } from './at-risk.ts';

export interface Keeping {
  /** `firebreak_guard_<id>` */
  readonly schema: string;
  /** The diag role, quoted. */
  readonly reader: string;
  readonly tables: readonly AtRisk[];
}

/** The log of a table, quoted. */
export const logOf = (it: Keeping, { oid }: AtRisk): string => `${ident(it.schema)}.${ident(`log_${oid}`)}`;
/** `schema.table` of something that is kept of a table. */
export const keptName = (it: Keeping, what: string, { oid }: AtRisk): string => `${it.schema}.${what}_${oid}`;
