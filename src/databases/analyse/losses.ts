/** What a down does not undo of its up, and what it does beside undoing; read from the text of both. */
import type { Effect, SqlAnalysis } from '../analyse.ts';

const OPPOSITE: Readonly<Partial<Record<Effect['op'], Effect['op']>>> = {
  'add-column': 'drop-column',
  'drop-column': 'add-column',
  'retype-column': 'retype-column',
  'rename-column': 'rename-column',
  'rename-table': 'rename-table',
  create: 'drop',
  drop: 'create',
  alter: 'alter',
};

const effectsOf = (analysis: SqlAnalysis): Effect[] => analysis.statements.flatMap((it) => [...it.effects]);

/** What is not as it was before the up, once the down has run. */
export interface Loss {
  /** The table, or the object that is none, by its name before the up. */
  readonly on: string;
  /** Only this column of it. */
  readonly column?: string;
  readonly text: string;
}

/** Which changes of the up to data or schema the down does not undo, in words. */
export const notUndone = (up: SqlAnalysis, down: SqlAnalysis): string[] => [
  ...new Set(losses(up, down).map(({ text }) => text)),
];

/** The same, with what each is about; of what cannot be read, and of what the down does beside undoing, too. */
export function losses(up: SqlAnalysis, down: SqlAnalysis): Loss[] {
  const done = effectsOf(up);
  const undone = effectsOf(down);
  const opaque = up.statements
    .filter((it) => it.opaque)
    .map((it) => ({ on: EVERYTHING, text: `what ${it.describe} did cannot be read: not known` }));
  return [
    ...done.flatMap((effect) => lossesOf(effect, done, undone)),
    ...done
      .filter(({ cascades }) => cascades)
      .map(({ on }) => ({ on: EVERYTHING, text: `what went along with ${on} by CASCADE: not known` })),
    ...undone.flatMap((effect) => more(effect, done)),
    ...opaque,
  ];
}

/** What an unreadable statement may have changed. */
export const EVERYTHING = '*';

/** What the down does that undoes nothing: it changes what the up had left alone. */
function more(effect: Effect, up: readonly Effect[]): Loss[] {
  if (effect.op === 'create' || effect.op === 'add-column' || effect.op === 'insert') {
    const before = effect.op === 'create' ? 'drop' : effect.op === 'add-column' ? 'drop-column' : 'delete';
    const undoes = up.some((it) => it.op === before && it.on === effect.on);
    if (undoes || effect.replaces === true) return [];
    return [
      lost(
        effect,
        `the down itself: ${effect.op.replace('-', ' ')} ${nameOf(effect)}, which the up did not take away`,
      ),
    ];
  }
  if (effect.op === 'alter' || effect.op.startsWith('rename') || effect.op === 'retype-column')
    return has(effect, up)
      ? []
      : [lost(effect, `the down itself: it changes ${nameOf(effect)}, and not back to what the up changed`)];
  const made = up.some(
    (it) =>
      it.on === effect.on && (it.op === 'create' || (it.op === 'add-column' && it.column === effect.column)),
  );
  if (made) return [];
  if (effect.op === 'update') {
    const written = up.some(
      (it) =>
        it.on === effect.on && ((it.op === 'update' && it.column === effect.column) || REFILLED.has(it.op)),
    );
    return written
      ? []
      : [lost(effect, `the down itself: it overwrites ${nameOf(effect)}, which the up did not write`)];
  }
  if (effect.op === 'delete') {
    return up.some((it) => it.op === 'insert' && it.on === effect.on)
      ? [
          lost(
            effect,
            `the DELETE of the down: whether it takes just the rows that the up inserted into ${effect.on} is not known`,
          ),
        ]
      : [lost(effect, `the down itself: it deletes rows of ${effect.on}`)];
  }
  return [lost(effect, `the down itself: it drops ${nameOf(effect)}, which the up did not make`)];
}

function replacedText(effect: Effect): string {
  if (effect.op !== 'alter')
    return `${effect.on} may have been there before: then it comes back only as the down makes it`;
  const what =
    effect.object === 'rights' ? `the rights on ${effect.on}` : `${effect.to ?? ''} of ${effect.on}`;
  return `${what}: how it was before cannot be told from the SQL; after the down it is as the down makes it`;
}

/** After these a down has to fill the column again. */
const REFILLED = new Set<Effect['op']>(['drop-column', 'drop', 'retype-column']);

const lost = ({ on, column, object }: Effect, text: string): Loss => ({
  on: object === undefined || !on.includes('.') ? on : ownerOf(on, object),
  ...(column === undefined ? {} : { column }),
  text,
});

/** The table of a trigger, constraint, policy or rule, which is named with it. */
const OF_TABLE = new Set(['trigger', 'constraint', 'policy', 'rule']);
const ownerOf = (on: string, object: string): string =>
  OF_TABLE.has(object) ? on.split('.').slice(0, -1).join('.') : on;

const nameOf = ({ on, column }: Effect): string => (column === undefined ? on : `${on}.${column}`);

function lossesOf(effect: Effect, all: readonly Effect[], down: readonly Effect[]): Loss[] {
  return linesFor(effect, all, down).map((text) => lost(effect, text));
}

function linesFor(effect: Effect, all: readonly Effect[], down: readonly Effect[]): string[] {
  // One that is not taken back at all simply stays.
  if (effect.replaces === true && (effect.op !== 'alter' || has(effect, down))) return [replacedText(effect)];
  // What the up created or added and the down removes takes its contents along.
  if (removedAgain(effect, all, down)) return [];
  switch (effect.op) {
    case 'update':
      return [`the UPDATE of ${nameOf(effect)}: ${down.some(writes(effect)) ? WRITES_TOO : NOT_BACK}`];
    case 'delete':
      return [
        `the DELETE from ${effect.on}: the deleted rows do not come back by themselves`,
        ...(effect.restarts === true ? [`the sequences of ${effect.on}: they began anew and stay so`] : []),
      ];
    case 'insert':
      return down.some((it) => it.op === 'delete' && it.on === effect.on)
        ? []
        : [`the INSERT into ${effect.on}: its rows stay`];
    case 'drop-column':
      return has(effect, down)
        ? [
            `the dropped column ${nameOf(effect)}: its values are lost; it comes last, without the rights, comment, constraints and indexes that it had`,
          ]
        : [`the dropped column ${nameOf(effect)}: its values are lost`];
    case 'retype-column':
      return has(effect, down)
        ? [`the retyped column ${nameOf(effect)}: values that the new type changed stay changed`]
        : [`the new type of ${nameOf(effect)} stays`];
    case 'drop':
      return has(effect, down)
        ? [
            `the dropped ${effect.on}: what was in it is lost, and rights, comments, owner and what hung on it, unless the down gives them again`,
          ]
        : [`${effect.on} stays dropped`];
    case 'create':
      return has(effect, down) ? [] : [`the schema change ${schemaText(effect)} stays`];
    case 'alter':
      if (effect.forGood === true)
        return [`the schema change ${schemaText(effect)} stays: it cannot be taken back`];
      return has(effect, down) ? [] : [`the schema change ${schemaText(effect)} stays`];
    case 'add-column':
    case 'rename-column':
    case 'rename-table':
      return has(effect, down) ? [] : [`the schema change ${schemaText(effect)} stays`];
  }
}

const WRITES_TOO = 'the down writes it too; whether that gives the old values back is not known';
const NOT_BACK = 'the down does not put the old values back';

const writes =
  (effect: Effect) =>
  (it: Effect): boolean =>
    it.op === 'update' && it.on === effect.on && it.column === effect.column;

function removedAgain(effect: Effect, all: readonly Effect[], down: readonly Effect[]): boolean {
  if (madeFirst(effect.on, all) && down.some((it) => it.op === 'drop' && it.on === effect.on)) return true;
  const same = (it: Effect): boolean => it.on === effect.on && it.column === effect.column;
  return (
    effect.op === 'update' &&
    all.some((it) => it.op === 'add-column' && same(it)) &&
    down.some((it) => it.op === 'drop-column' && same(it))
  );
}

/** What is dropped first and then created was there before, with rows, rights and a definition of its own. */
const madeFirst = (on: string, all: readonly Effect[]): boolean =>
  all.find((it) => it.on === on && (it.op === 'create' || it.op === 'drop'))?.op === 'create';

/** Whether the down has the opposite of a change. */
function has(effect: Effect, down: readonly Effect[]): boolean {
  const op = OPPOSITE[effect.op];
  return down.some(
    (it) =>
      it.op === op &&
      it.on === effect.on &&
      it.column === effect.column &&
      (effect.to === undefined || (it.from === effect.to && it.to === effect.from)),
  );
}

function schemaText(effect: Effect): string {
  const object = effect.column === undefined ? effect.on : `${effect.on}.${effect.column}`;
  const change = effect.op.replace('-', ' ');
  return effect.to === undefined
    ? `${change} ${object}`
    : `${change} ${object} (${effect.from ?? ''} to ${effect.to})`;
}

/** What the names of the interface say about a down: whether schema and data come back. */
export function restores(
  up: SqlAnalysis,
  down: SqlAnalysis,
): { readonly schema: 'yes' | 'no' | 'unknown'; readonly data: 'yes' | 'no' | 'unknown' } {
  if (up.opaque || down.opaque) return { schema: 'unknown', data: 'unknown' };
  const [done, undone] = [effectsOf(up), effectsOf(down)];
  const left = done.filter((it) => !removedAgain(it, done, undone));
  const data = left.filter((it) => DATA.has(it.op) && !(it.op === 'drop' && !holdsData(it)));
  const unsure = data.every((it) => it.op === 'retype-column' || undone.some(writes(it)));
  const schema = left
    .filter((it) => OPPOSITE[it.op] !== undefined)
    .every((it) => has(it, undone) && it.forGood !== true);
  const replaced = left.some((it) => it.replaces === true || isMadeAnew(it, done));
  return {
    schema: !schema ? 'no' : replaced ? 'unknown' : 'yes',
    data: data.length === 0 ? 'yes' : unsure ? 'unknown' : 'no',
  };
}

/** Whether the definition that the down gives it is the one from before, the text does not tell. */
const isMadeAnew = ({ op, on }: Effect, done: readonly Effect[]): boolean =>
  op === 'drop' && done.some((it) => it.op === 'create' && it.on === on);

/** A dropped index or view has no data of its own. */
const holdsData = ({ object }: Effect): boolean =>
  object === undefined || object === 'sequence' || object === 'matview' || object === 'schema';

const DATA = new Set<Effect['op']>(['update', 'delete', 'insert', 'drop-column', 'drop', 'retype-column']);
