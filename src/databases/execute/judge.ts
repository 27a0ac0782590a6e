/** What SQL must be for its execution to be planned: each way it can be otherwise is refused by its name. */
import { type Refusal, refuse } from '../../domain/refusal.ts';
import { analyse, type SqlAnalysis } from '../analyse.ts';
import type { Bound } from '../bind.ts';
import { writingCalls } from '../reach.ts';
import type { Target } from '../target.ts';

/** Reads all statements together; refused is what cannot be read, taken back, or kept apart from others' work. */
export async function judge(
  target: Target,
  bound: readonly Bound[],
): Promise<{ readonly ok: true; readonly value: SqlAnalysis } | Refusal> {
  const returning = bound.find(({ statement: { kind, tree } }) => kind === 'SelectStmt' || RETURNS in tree);
  if (returning !== undefined) return refuse('SQL_RETURNS');
  // A comment at the end of a statement would take the semicolon along.
  const sql = await analyse(bound.map(({ statement }) => statement.sql).join('\n;\n'));
  const problem = problemOf(sql);
  if (problem !== undefined) return problem;
  const calls = await writingCalls(target, sql);
  if (calls.length === 0) return { ok: true, value: sql };
  const found = `it calls ${calls.join(', ')}, which can write (a function that cannot is STABLE or IMMUTABLE)`;
  return refuse('SQL_OPAQUE', { found });
}

const RETURNS = 'returningClause';

function problemOf({ statements }: SqlAnalysis): Refusal | undefined {
  const outside = statements.find((it) => !it.transactional);
  if (outside !== undefined) return refuse('SQL_NOT_TRANSACTIONAL', { found: outside.describe });
  const danger = statements.find((it) => it.danger !== undefined);
  if (danger !== undefined)
    return refuse(danger.danger === 'cascade' ? 'SQL_CASCADES' : 'SQL_SETS', { found: danger.describe });
  const opaque = statements.find((it) => it.opaque);
  return opaque === undefined ? undefined : refuse('SQL_OPAQUE', { found: opaque.describe });
}
