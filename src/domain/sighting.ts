/** How a sighting is told: who saw it, in a line, and how much it tells. */
import type { Actor } from './incident.ts';
import type { Sighting } from './record.ts';
import { isCorruption, isSchemaMismatch, meaningOf } from './sqlstate.ts';

/** `monitor:order-status`, `alert:grafana` */
export const seenBy = ({ monitor, foreign }: Pick<Sighting, 'monitor' | 'foreign'>): Actor =>
  `${foreign ? 'alert' : 'monitor'}:${monitor}`;

/** What was seen, as one line: `Monitor x on shop: Schema does not match code: … (SQLSTATE 42703, …, table orders)`. */
export function sightingText({ monitor, foreign, target, sqlstate, error, relations }: Sighting): string {
  if (foreign) return `Alert of ${monitor}: ${error}`;
  const on = target === undefined ? '' : ` on ${target}`;
  const tables = relations.length > 0 ? [`table ${relations.join(', ')}`] : [];
  if (sqlstate === undefined)
    return `Monitor ${monitor}${on}: ${error}${tables.map((each) => ` (${each})`).join('')}`;
  const { means } = meaningOf(sqlstate);
  const found = error.startsWith(`${means}; `) ? error.slice(means.length + 2) : error;
  return `Monitor ${monitor}${on}: ${means} (${[`SQLSTATE ${sqlstate}`, found, ...tables].join(', ')})`;
}

/** What was found, with what its SQLSTATE means first. */
export function saidOf({ foreign, sqlstate, error }: Sighting): string {
  if (foreign || sqlstate === undefined) return error;
  const { means } = meaningOf(sqlstate);
  return error.startsWith(means) ? error : `${means}; ${error}`;
}

/**
 * A group is shown by what tells most: a schema that does not fit, before corruption, an error, a failing probe, a
 * check, an alert.
 */
export function tellingOf({
  foreign,
  sqlstate,
  relations,
}: Pick<Sighting, 'foreign' | 'sqlstate' | 'relations'>): number {
  if (isSchemaMismatch(sqlstate)) return 5;
  if (isCorruption(sqlstate)) return UNMISTAKABLE;
  if (sqlstate !== undefined) return AN_ERROR;
  if (relations.length > 0) return 2;
  return foreign ? 0 : 1;
}

/** How much an error tells whose SQLSTATE is known. */
export const AN_ERROR = 3;

/** From here on one look is enough: a column that is gone, or a page that is broken, does not come back by itself. */
export const UNMISTAKABLE = 4;
