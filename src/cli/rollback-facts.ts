/** What is printed of a rollback plan: the facts of up and down, read without a database, and what a target adds. */
import { createHash } from 'node:crypto';
import { notUndone, restores } from '../databases/analyse/losses.ts';
import { analyse, type Lock, type SqlAnalysis } from '../databases/analyse.ts';
import { errorText } from '../databases/pg-errors.ts';
import type { Rehearsal } from '../databases/rehearsal.ts';
import { removedNames, type Users } from '../databases/users.ts';
import type { CapturedMigration } from '../domain/plan.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';

export interface PlanFacts {
  readonly hash: string;
  readonly up: HalfFacts;
  readonly down: HalfFacts;
  readonly restores_schema: Known;
  readonly restores_data: Known;
  readonly not_undone: readonly string[];
  readonly needs: readonly string[];
  readonly later: readonly string[];
  readonly sql: string;
  /** Only when it was asked for. */
  readonly rehearsal?: Rehearsal;
}

type Known = 'yes' | 'no' | 'unknown';

interface HalfFacts {
  readonly transactional: boolean;
  readonly opaque: boolean;
  readonly destroys_data: boolean;
  readonly rewrites: boolean;
  readonly locks: readonly Lock[];
  readonly empty: boolean;
}

/** A migration with both halves read; `refusal` says why its down is nothing to roll back by. */
export interface Halves {
  readonly migration: CapturedMigration;
  readonly up: SqlAnalysis;
  readonly down: SqlAnalysis;
  readonly refusal?: Refusal;
}

export async function readHalves(migration: CapturedMigration): Promise<Halves> {
  const { name, down: downSql } = migration;
  const { analysis: up } = await readHalf(migration.up);
  if (downSql === undefined)
    return {
      migration,
      up,
      down: await analyse(''),
      refusal: refuse('MIGRATION_NO_DOWN', { migration: name }),
    };
  const { analysis: down, unread } = await readHalf(downSql, up);
  if (unread !== undefined)
    return {
      migration,
      up,
      down,
      refusal: refuse('MIGRATION_OPAQUE_DOWN', { migration: name, found: unread }),
    };
  if (down.empty) return { migration, up, down, refusal: refuse('MIGRATION_NO_DOWN', { migration: name }) };
  return { migration, up, down };
}

/** What cannot be read as SQL is opaque, and nothing good is said of it. */
async function readHalf(
  sql: string,
  before?: SqlAnalysis,
): Promise<{ readonly analysis: SqlAnalysis; readonly unread?: string }> {
  const unread = sql === 'opaque' ? 'it is code, not SQL' : undefined;
  try {
    if (unread === undefined) return { analysis: await analyse(sql, before?.names) };
  } catch (error) {
    return { analysis: await opaque(), unread: errorText(error) };
  }
  return { analysis: await opaque(), unread };
}

const opaque = async (): Promise<SqlAnalysis> => ({
  ...(await analyse('')),
  opaque: true,
  transactional: false,
  empty: false,
});

/** What the halves alone tell, unless a plan on a target knows more. */
export function factsOf(halves: Halves, more: Partial<PlanFacts> = {}): PlanFacts {
  const { migration, up, down } = halves;
  const { schema, data } = restores(up, down);
  const unreadUp = up.opaque && up.statements.length === 0;
  return {
    hash: createHash('sha256')
      .update(JSON.stringify([migration.up, migration.down]))
      .digest('hex'),
    up: halfFacts(up),
    down: halfFacts(down),
    restores_schema: schema,
    restores_data: data,
    not_undone: [
      ...(unreadUp ? ['what the up did: it is code, or cannot be read'] : []),
      ...notUndone(up, down),
    ],
    needs: needsOf({ removes: removedNames(down), seen: [] }),
    later: [],
    sql: migration.down === undefined || migration.down === 'opaque' ? '' : migration.down.trim(),
    ...more,
  };
}

const halfFacts = ({
  transactional,
  opaque,
  destroysData,
  rewrites,
  locks,
  empty,
}: SqlAnalysis): HalfFacts => ({
  transactional,
  opaque,
  destroys_data: destroysData.length > 0,
  rewrites,
  locks: locks.map(({ relation, mode }) => ({ relation, mode })),
  empty,
});

/** Who needs what the down removes. Code that is deployed but idle is never seen, so that much stays unknown. */
export function needsOf(users: Omit<Users, 'known'>): string[] {
  if (users.removes.length === 0) return [];
  const what = users.removes.join(', ');
  return [
    ...users.seen.map((who) => `uses ${what}, which the down removes: ${who}`),
    ...(users.counted ?? []).map((it) => `was sent with ${what}, which the down removes, ${it}`),
    `not known: whether deployed code needs ${what}, which the down removes; code goes back before schema`,
  ];
}
