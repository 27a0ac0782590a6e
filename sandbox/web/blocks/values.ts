/** Values of inputs: plain words or lists of them, as the control surface takes them. */
import type { Element, Option, View } from '../model.ts';

export type Value = string | readonly string[] | null;
/** By block id, then action id. */
export type Values = Readonly<Record<string, Readonly<Record<string, Value>>>>;

/** What a view's fields hold at the moment, out of the state that Slack keeps of it. */
export const valuesOf = (view: View): Values =>
  Object.fromEntries(
    Object.entries(view.state.values).map(([block, entries]) => [
      block,
      Object.fromEntries(Object.entries(entries).map(([action, entry]) => [action, valueOf(entry)])),
    ]),
  );

/** An entry has its type and one field more. */
function valueOf(entry: Readonly<Record<string, unknown>>): Value {
  const held = Object.entries(entry).find(([field]) => field !== 'type')?.[1];
  return Array.isArray(held) ? held.map(plain) : held === null || held === undefined ? null : plain(held);
}

const plain = (held: unknown): string =>
  typeof held === 'object' && held !== null && 'value' in held ? String(held.value) : String(held);

export const isMissing = (value: Value | undefined): boolean =>
  value === undefined || value === null || value.length === 0;

export const optionsOf = ({ options = [], option_groups: groups = [] }: Element): readonly Option[] => [
  ...options,
  ...groups.flatMap((group) => group.options),
];
