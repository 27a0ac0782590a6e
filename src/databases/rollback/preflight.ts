/** What must be true before a rollback is planned; each way it can be untrue is refused by its name. */
import type { CapturedMigration } from '../../domain/plan.ts';
import { type Refusal, refuse } from '../../domain/refusal.ts';
import type { AppliedMigration } from '../../domain/sweep.ts';
import { analyse, type SqlAnalysis } from '../analyse.ts';
import { appliedMigrations, deployedCapture } from '../history.ts';
import { statementsOf } from '../parse.ts';
import { errorText } from '../pg-errors.ts';
import { writingCalls } from '../reach.ts';
import type { Target } from '../target.ts';
import { isConcurrent } from './concurrent.ts';

/** A migration that can be rolled back, with both its halves read. */
export interface Candidate {
  readonly applied: AppliedMigration;
  readonly captured: CapturedMigration;
  readonly downSql: string;
  readonly up: SqlAnalysis;
  readonly down: SqlAnalysis;
  /** The up is no SQL that can be read. */
  readonly upOpaque: boolean;
}

type Outcome<T> = { readonly ok: true; readonly value: T } | Refusal;
const found = <T>(value: T): Outcome<T> => ({ ok: true, value });

/** Finds the migration in the history and among what was captured, and reads it. */
export async function preflight(
  target: Target,
  migration: string,
  captured: readonly CapturedMigration[],
): Promise<Outcome<Candidate>> {
  if (target.config.urls.ddl === undefined) {
    return refuse('TARGET_ROLE_MISSING', { target: target.name, role: 'ddl' });
  }
  if (await isStandby(target)) return refuse('TARGET_IS_STANDBY', { target: target.name });
  const applied = newestApplied(await appliedMigrations(target), target.name, migration);
  if (!applied.ok) return applied;
  const one = deployedCapture(captured, migration, applied.value);
  if (!one.ok) return one;
  const halves = await readHalves(applied.value, one.value);
  if (!halves.ok) return halves;
  const calls = await writingCalls(target, halves.value.down);
  if (calls.length === 0) return halves;
  const called = `it calls ${calls.join(', ')}, which can write (a function that cannot is STABLE or IMMUTABLE)`;
  return refuse('MIGRATION_OPAQUE_DOWN', { migration, found: called });
}

async function isStandby(target: Target): Promise<boolean> {
  const [row] = await target.read<{ standby: boolean }>('select pg_is_in_recovery() as standby');
  return row?.standby === true;
}

/** Later ones go first: their downs were written for the schema as it is now. */
function newestApplied(
  applied: readonly AppliedMigration[],
  target: string,
  migration: string,
): Outcome<AppliedMigration> {
  const place = applied.findIndex((it) => it.name === migration);
  const it = applied[place];
  const newest = applied[0]?.name ?? 'none';
  if (it === undefined) return refuse('MIGRATION_NOT_APPLIED', { target, migration, newest });
  // A row that failed is no migration that was done: the tool has to be put right first.
  const wrong = applied.find(({ state }) => state !== undefined);
  if (wrong !== undefined)
    return refuse('MIGRATION_DIRTY', { target, migration: wrong.name, state: wrong.state ?? '' });
  if (place === 0) return found(it);
  const later = applied.slice(0, place).map((other) => other.name);
  return refuse('LATER_MIGRATIONS', { migration, later: later.join(', '), newest });
}

async function readHalves(
  applied: AppliedMigration,
  captured: CapturedMigration,
): Promise<Outcome<Candidate>> {
  const migration = captured.name;
  if (captured.down === undefined) return refuse('MIGRATION_NO_DOWN', { migration });
  if (captured.down === 'opaque') {
    return refuse('MIGRATION_OPAQUE_DOWN', { migration, found: 'it is code, not SQL' });
  }
  const upOpaque = captured.up === 'opaque';
  const up = await analyse(upOpaque ? '' : captured.up).catch(() => undefined);
  const down = await analyse(captured.down, up?.names).catch(errorText);
  if (typeof down === 'string') return refuse('MIGRATION_OPAQUE_DOWN', { migration, found: down });
  const alone = (await statementsOf(captured.down)).every(isConcurrent);
  const problem = problemOf(down, migration, alone);
  if (problem !== undefined) return problem;
  const read = { up: up ?? (await analyse('')), upOpaque: upOpaque || up === undefined };
  return found({ applied, captured, downSql: captured.down, down, ...read });
}

/** What needs no transaction is not mixed with what does: half of it could neither be taken back nor begun again. */
function problemOf(down: SqlAnalysis, migration: string, alone: boolean): Refusal | undefined {
  if (down.empty) return refuse('MIGRATION_NO_DOWN', { migration });
  if (alone) return undefined;
  const outside = down.statements.find((it) => !it.transactional);
  if (outside !== undefined) {
    return refuse('MIGRATION_DOWN_NOT_TRANSACTIONAL', { migration, found: outside.describe });
  }
  const danger = down.statements.find((it) => it.danger !== undefined);
  if (danger !== undefined) {
    const code = danger.danger === 'cascade' ? 'MIGRATION_DOWN_CASCADES' : 'MIGRATION_DOWN_SETS';
    return refuse(code, { migration, found: danger.describe });
  }
  const opaque = down.statements.find((it) => it.opaque);
  return opaque === undefined
    ? undefined
    : refuse('MIGRATION_OPAQUE_DOWN', { migration, found: opaque.describe });
}
