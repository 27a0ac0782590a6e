/** What a person put into the fields of a form, out of `view.state.values` as Slack sends it. */
import { z } from 'zod';
import { storable } from '../domain/storable.ts';

const fieldsShape = z.record(z.string(), z.record(z.string(), z.unknown()));

/** The ids of all its fields. */
export const fieldsIn = (values: unknown): readonly string[] => Object.keys(fieldsShape.parse(values));

const fieldIn = (values: unknown, id: string): unknown => fieldsShape.parse(values)[id]?.[id];

export const textIn = (values: unknown, id: string): string =>
  storable(z.object({ value: z.string().nullish() }).parse(fieldIn(values, id) ?? {}).value ?? '').trim();

const choice = z.object({ value: z.string() });

export const choiceIn = (values: unknown, id: string): string | undefined =>
  z.object({ selected_option: choice.nullish() }).parse(fieldIn(values, id) ?? {}).selected_option?.value;

export const userIn = (values: unknown, id: string): string | undefined =>
  z.object({ selected_user: z.string().nullish() }).parse(fieldIn(values, id) ?? {}).selected_user ??
  undefined;

export const ticksIn = (values: unknown, id: string): readonly string[] =>
  (
    z.object({ selected_options: z.array(choice).nullish() }).parse(fieldIn(values, id) ?? {})
      .selected_options ?? []
  ).map(({ value }) => value);

const needed = z.object({
  blocks: z.array(
    z.looseObject({ type: z.string(), block_id: z.string().optional(), optional: z.boolean().optional() }),
  ),
  state: z.object({ values: z.unknown() }),
});

/** Texts that are needed and hold only spaces, which Slack lets pass; undefined when there are none. */
export function blankFields({
  view,
}: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> | undefined {
  const { blocks, state } = needed.parse(view);
  const blank = blocks.flatMap(({ type, block_id: id, optional, element }) => {
    const isText = (element as { readonly type?: unknown } | undefined)?.type === 'plain_text_input';
    return type === 'input' && isText && !optional && id !== undefined && textIn(state.values, id) === ''
      ? [id]
      : [];
  });
  return blank.length === 0 ? undefined : Object.fromEntries(blank.map((id) => [id, 'This is needed.']));
}
