/** ALTER TABLE, part by part: which lock, which rewrite, which loss. */
import type { Effect, Lock } from '../analyse.ts';
import { relationName, strings, type Tree, text, walk } from '../parse.ts';
import { cascades, type Judgement, objectOf } from './judgement.ts';
import { plain, type TableNames } from './names.ts';
import { unlessThere } from './objects.ts';

interface Part {
  readonly describe: string;
  readonly mode?: string;
  readonly rewrites?: boolean;
  readonly destroys?: string;
  readonly effects?: readonly Effect[];
  readonly locks?: readonly Lock[];
}

interface Context {
  /** The name as written, `public.` left out. */
  readonly now: string;
  /** The name before the up. */
  readonly table: string;
  readonly names: TableNames;
}

/** Judges ALTER TABLE (and VIEW, INDEX, SEQUENCE, whose parts are the same). */
export function judgeAlterTable(tree: Tree, names: TableNames): Judgement {
  const written = relationName((tree['relation'] ?? {}) as Tree);
  const now = plain(written);
  const context = { now, table: names.table(now), names };
  const commands = ((tree['cmds'] ?? []) as readonly Tree[]).map((it) => it['AlterTableCmd'] as Tree);
  const parts = commands.map((it) => part(it, context));
  const object = objectOf(tree['objtype']);
  return {
    ...(commands.some(cascades) ? { danger: 'cascade' } : {}),
    describe: `alters ${now}: ${parts.map((it) => it.describe).join(', ')}`,
    locks: parts.flatMap((it) => [
      { relation: now, mode: it.mode ?? 'AccessExclusive' },
      ...(it.locks ?? []),
    ]),
    rewrites: parts.some((it) => it.rewrites === true),
    destroysData: parts.flatMap((it) => (it.destroys === undefined ? [] : [it.destroys])),
    effects: parts.flatMap((it) => it.effects ?? []).map((it) => ({ written, ...object, ...it })),
  };
}

function part(command: Tree, context: Context): Part {
  const { now, table, names } = context;
  const name = text(command['name']);
  const column = names.column(table, name);
  switch (command['subtype']) {
    case 'AT_AddColumn':
      return addColumn(command, context);
    case 'AT_DropColumn':
      return {
        describe: `drop column ${name}`,
        destroys: `the values of ${now}.${name}`,
        effects: [{ op: 'drop-column', on: table, column }],
      };
    case 'AT_AlterColumnType':
      return {
        describe: `change the type of ${name}, which rewrites or scans the table`,
        rewrites: true,
        destroys: `what does not fit the new type of ${now}.${name}`,
        effects: [{ op: 'retype-column', on: table, column }],
      };
    case 'AT_SetNotNull':
      return setting(
        `set ${name} not null, which scans the table`,
        table,
        `${column} null`,
        `${column} not null`,
      );
    case 'AT_DropNotNull':
      return setting(`let ${name} be null`, table, `${column} not null`, `${column} null`);
    case 'AT_ColumnDefault':
      return defaultOf(command, table, column);
    case 'AT_AddConstraint':
      return addConstraint(command, table);
    case 'AT_DropConstraint':
      return {
        describe: `drop constraint ${name} (a foreign key locks the other table too)`,
        effects: [{ op: 'drop', on: `${table}.${name}`, object: 'constraint' }],
      };
    case 'AT_ValidateConstraint':
    case 'AT_SetStatistics':
    case 'AT_SetRelOptions':
    case 'AT_ResetRelOptions':
      return { ...changed(command, context), mode: 'ShareUpdateExclusive' };
    case 'AT_EnableTrig':
    case 'AT_DisableTrig':
    case 'AT_EnableTrigAll':
    case 'AT_DisableTrigAll':
    case 'AT_EnableTrigUser':
    case 'AT_DisableTrigUser':
      return { ...changed(command, context), mode: 'ShareRowExclusive' };
    case 'AT_SetLogged':
    case 'AT_SetUnLogged':
      return { ...changed(command, context), rewrites: true };
    case 'AT_AttachPartition':
    case 'AT_DetachPartition':
      return partition(command, context);
    default:
      return changed(command, context);
  }
}

/** Something is turned on or off, or set: the opposite is the same words with the other verb. */
function changed(command: Tree, { table, names }: Context): Part {
  const name = text(command['name']);
  const what = `${words(command)}${name === '' ? '' : ` ${names.column(table, name)}`}`;
  return { describe: what, effects: [{ op: 'alter', on: table, from: opposite(what), to: what }] };
}

const OPPOSITES: readonly (readonly [string, string])[] = [
  ['enable ', 'disable '],
  ['set logged', 'set un logged'],
  ['force row', 'no force row'],
];

function opposite(what: string): string {
  for (const [one, other] of OPPOSITES) {
    if (what.startsWith(one)) return other + what.slice(one.length);
    if (what.startsWith(other)) return one + what.slice(other.length);
  }
  return '';
}

/** Its rows stay where they are; whether they fit is scanned for. */
function partition(command: Tree, { table }: Context): Part {
  const of = (command['def'] as Tree | undefined)?.['PartitionCmd'] as Tree | undefined;
  const name = plain(relationName((of?.['name'] ?? {}) as Tree));
  const attaches = command['subtype'] === 'AT_AttachPartition';
  const [from, to] = attaches ? ['detached', 'attached'] : ['attached', 'detached'];
  return {
    describe: attaches ? `attach ${name} as a partition, which scans it` : `detach the partition ${name}`,
    mode: attaches ? 'ShareUpdateExclusive' : 'AccessExclusive',
    locks: [{ relation: name, mode: 'AccessExclusive' }],
    effects: [table, name].map((on) => ({ op: 'alter', on, from, to })),
  };
}

/** `AT_SetRelOptions` as `set rel options`. */
const words = (command: Tree): string =>
  text(command['subtype'])
    .replace('AT_', '')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();

const setting = (describe: string, on: string, from: string, to: string): Part => ({
  describe,
  // Whether it was so before, the text does not tell.
  effects: [{ op: 'alter', on, from, to, replaces: true }],
});

/** Which default it was before, the text does not tell. */
function defaultOf(command: Tree, table: string, column: string): Part {
  const [none, some] = [`${column} without default`, `${column} with default`];
  const drops = command['def'] === undefined;
  const [from, to] = drops ? [some, none] : [none, some];
  return {
    describe: `${drops ? 'drop' : 'set'} the default of ${column}`,
    effects: [{ op: 'alter', on: table, column, from, to, replaces: true }],
  };
}

/** Types whose columns take their values from a sequence. */
const SERIAL = new Set(['serial', 'bigserial', 'smallserial', 'serial4', 'serial8', 'serial2']);
/** Functions whose value is the same for all rows of a statement: their default needs no rewrite. */
const STABLE = new Set([
  'now',
  'current_date',
  'current_timestamp',
  'transaction_timestamp',
  'statement_timestamp',
]);

function addColumn(command: Tree, { table, names }: Context): Part {
  const definition = ((command['def'] as Tree | undefined)?.['ColumnDef'] ?? {}) as Tree;
  const name = text(definition['colname']);
  let rewrites = strings((definition['typeName'] as Tree | undefined)?.['names']).some((it) =>
    SERIAL.has(it),
  );
  const locks: Lock[] = [];
  walk(definition['constraints'], (key, tree) => {
    if (tree['contype'] === 'CONSTR_IDENTITY' || tree['contype'] === 'CONSTR_GENERATED') rewrites = true;
    if (key === 'FuncCall' && !STABLE.has(strings(tree['funcname']).at(-1) ?? '')) rewrites = true;
    if (key === 'pktable') locks.push({ relation: plain(relationName(tree)), mode: 'ShareRowExclusive' });
  });
  return {
    describe: `add column ${name}`,
    rewrites,
    locks,
    effects: [{ op: 'add-column', on: table, column: names.column(table, name), ...unlessThere(command) }],
  };
}

function addConstraint(command: Tree, table: string): Part {
  const constraint = ((command['def'] as Tree | undefined)?.['Constraint'] ?? {}) as Tree;
  const name = text(constraint['conname']);
  const foreign = constraint['contype'] === 'CONSTR_FOREIGN';
  const other = plain(relationName((constraint['pktable'] ?? {}) as Tree));
  const scans = constraint['skip_validation'] === true ? '' : ', which scans the table';
  return {
    describe: `add constraint ${name}${scans}`,
    mode: foreign ? 'ShareRowExclusive' : 'AccessExclusive',
    locks: foreign ? [{ relation: other, mode: 'ShareRowExclusive' }] : [],
    effects: [{ op: 'create', on: `${table}.${name}`, object: 'constraint' }],
  };
}
