/** Marker rows: they say, in the target itself, that a step was committed, and make a second execution fail. */
import type pg from 'pg';
import type { Marker } from '../domain/plan.ts';
import { sqlstateOf } from './pg-errors.ts';

const EXISTS = `select to_regclass('firebreak.markers') is not null as there`;

/** The part of a step that copied its tables before it locked them; the change itself is part 0. */
export const BEFORE_PART = -1;

/** Makes the schema and its table. */
export const MARKERS = `
  create schema if not exists firebreak;
  revoke all on schema firebreak from public;
  create table if not exists firebreak.markers (
    run text not null,
    step int not null,
    part int not null,
    epoch bigint not null,
    xid xid8 not null,
    plan_hash text not null,
    at timestamptz not null default now(),
    note jsonb not null default '{}',
    primary key (run, step, part)
  )`;

/** Makes the marker table when it is missing, in a transaction of its own. */
export async function ensureMarkers(client: pg.ClientBase): Promise<void> {
  if (await markersExist(client)) return;
  try {
    await client.query(`begin; set local lock_timeout = 1000; ${MARKERS}; commit`);
  } catch (error) {
    await client.query('rollback');
    // Another step made it at the same moment.
    if (sqlstateOf(error) !== '23505' || !(await markersExist(client))) throw error;
  }
}

/** Whether any marker was ever written here. */
export async function markersExist(client: pg.ClientBase): Promise<boolean> {
  return (await client.query<{ there: boolean }>(EXISTS)).rows[0]?.there === true;
}

/** Writes the marker of this transaction and answers its id; 23505 when the step was committed before. */
export async function writeMarker(
  client: pg.ClientBase,
  marker: Marker & { readonly part?: number },
  planHash: string,
): Promise<string> {
  const { rows } = await client.query<{ xid: string }>(
    `insert into firebreak.markers (run, step, part, epoch, xid, plan_hash)
     values ($1, $2, $3, $4, pg_current_xact_id(), $5)
     returning xid::text`,
    [marker.run, marker.step, marker.part ?? 0, marker.epoch, planHash],
  );
  return rows[0]?.xid ?? '';
}

/** Adds what came of a part to its marker. */
export async function noteMarker(
  client: pg.ClientBase,
  marker: Marker & { readonly part: number },
  note: Readonly<Record<string, unknown>>,
): Promise<void> {
  await client.query('update firebreak.markers set note = $4 where run = $1 and step = $2 and part = $3', [
    marker.run,
    marker.step,
    marker.part,
    JSON.stringify(note),
  ]);
}

export interface MarkerRow {
  readonly part: number;
  readonly xid: string;
  readonly plan_hash: string;
  readonly note: Readonly<Record<string, number>>;
}

/** The committed markers of a step, by part. */
export async function readMarkers(client: pg.ClientBase, marker: Marker): Promise<MarkerRow[]> {
  const { rows } = await client.query<MarkerRow>(
    `select part, xid::text, plan_hash, note
       from firebreak.markers
      where run = $1 and step = $2
      order by part`,
    [marker.run, marker.step],
  );
  return rows;
}
