/** Finds what a repair needs: the table, its source, and the kept keys of an earlier rollback. */
import { type Refusal, refuse } from '../../domain/refusal.ts';
import type { SourceSettings } from '../../domain/target-settings.ts';
import { baseName, nameWithSuffix, shortName } from '../names.ts';
import { asXmin, firstFree, untouchedName } from '../snapshot.ts';
import { sourceFor } from '../source.ts';
import { type TableFacts, tableFacts } from '../tables.ts';
import type { Target } from '../target.ts';
import { type Culprit, type Damage, damageTo } from './damage.ts';
import type { RepairInputs } from './inputs.ts';

export interface RepairRequest extends Culprit {
  readonly table: string;
  readonly snapshotSchema: string;
  readonly batchRows?: number;
}

interface Found {
  readonly inputs: RepairInputs;
  readonly notes: Damage['notes'];
}

const BATCH_ROWS = 5000;

/** The inputs of the plan, or why there can be none. */
export async function findTable(
  target: Target,
  request: RepairRequest,
): Promise<{ readonly ok: true; readonly value: Found } | Refusal> {
  const { table } = request;
  if (target.config.urls.ddl === undefined) {
    return refuse('TARGET_ROLE_MISSING', { target: target.name, role: 'ddl' });
  }
  const source = sourceFor(target, table);
  if (source === undefined)
    return refuse('NO_REPAIR_SOURCE', { table: shortName(table), target: target.name });
  const facts = await tableFacts(target, table);
  if (facts === undefined) return refuse('TABLE_NOT_FOUND', { table, target: target.name });
  if (facts.key.length === 0) return refuse('NO_PRIMARY_KEY', { table });
  const damage = await damageTo(target, facts.name, source.columns, request);
  if (!damage.ok) return damage;
  const { columns, notes } = damage.value;
  return { ok: true, value: { inputs: await inputsOf(target, request, facts, source, columns), notes } };
}

async function inputsOf(
  target: Target,
  request: RepairRequest,
  facts: TableFacts,
  source: SourceSettings,
  columns: readonly string[],
): Promise<RepairInputs> {
  const { migration, migrationXid, snapshotSchema } = request;
  const base = baseName(facts.name);
  const kept = await keptKeys(
    target,
    `${snapshotSchema}.${untouchedName(facts.name, migration, migrationXid)}`,
  );
  return {
    table: facts.name,
    oid: facts.oid,
    key: [...facts.key],
    columns: columns.map((name) => ({ name, type: typeOf(facts, name) })),
    source: { key: source.key, from: source.from },
    migration,
    migrationXid,
    ...(request.rollbackXid === undefined ? {} : { rollbackXid: asXmin(request.rollbackXid) }),
    ...(kept === undefined ? {} : { untouched: kept.name }),
    dropped: kept === undefined ? [] : [...kept.dropped],
    snapshotSchema,
    before: await freeName(target, snapshotSchema, `${base}_before_repair`),
    batchRows: request.batchRows ?? BATCH_ROWS,
  };
}

/** A column that is not there is left to the server to name: it says so when the source is compared. */
const typeOf = (facts: TableFacts, column: string): string =>
  facts.columns.find((it) => it.name === column)?.type ?? 'text';

async function keptKeys(
  target: Target,
  name: string,
): Promise<{ readonly name: string; readonly dropped: readonly string[] } | undefined> {
  const [row] = await target.read<{ about: string | null }>(
    `select obj_description(c.oid, 'pg_class') as about
       from pg_class c
       join pg_namespace n on n.oid = c.relnamespace
      where n.nspname || '.' || c.relname = $1`,
    [name],
  );
  if (row === undefined) return undefined;
  const about = JSON.parse(row.about ?? '{}') as { dropped?: readonly string[] };
  return { name, dropped: about.dropped ?? [] };
}

/** A second repair of a table keeps the first one's copy. */
async function freeName(target: Target, schema: string, base: string): Promise<string> {
  const named = (n: number): string => nameWithSuffix(base, n === 1 ? '' : `_${n}`);
  return `${schema}.${named(await firstFree(target, schema, named))}`;
}
