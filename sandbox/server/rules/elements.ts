/** Interactive elements: where they are in blocks, and the state that Slack keeps of each. */
import type { Block, Json, StateValues } from '../model.ts';

/** Elements that a person can act on, of any block. */
export function blockElements(block: Block): Json[] {
  const holders = [block['elements'], block['element'], block['accessory']];
  return holders
    .flatMap((holder) => (Array.isArray(holder) ? (holder as unknown[]) : [holder]))
    .filter((element): element is Json => typeof element === 'object' && element !== null)
    .filter((element) => typeof element['action_id'] === 'string');
}

/** `state.values` of blocks nobody has touched yet. */
export function initialState(blocks: readonly Block[]): StateValues {
  const values: StateValues = {};
  for (const block of blocks) {
    for (const element of blockElements(block)) {
      const entry = initialEntry(element);
      if (!entry || block.block_id === undefined) continue;
      values[block.block_id] = { ...values[block.block_id], [String(element['action_id'])]: entry };
    }
  }
  return values;
}

function initialEntry(element: Json): Json | undefined {
  const kind = kindOf(element);
  if (!kind) return undefined;
  const initial = element[kind.initial];
  return { type: element['type'], [kind.field]: initial ?? (kind.many ? [] : null) };
}

interface Kind {
  readonly field: string;
  readonly initial: string;
  readonly many?: boolean;
  /** The value is one of the element's options, sent as a whole. */
  readonly options?: boolean;
}

const KINDS: Readonly<Record<string, Kind>> = {
  plain_text_input: { field: 'value', initial: 'initial_value' },
  number_input: { field: 'value', initial: 'initial_value' },
  email_text_input: { field: 'value', initial: 'initial_value' },
  url_text_input: { field: 'value', initial: 'initial_value' },
  rich_text_input: { field: 'rich_text_value', initial: 'initial_value' },
  datepicker: { field: 'selected_date', initial: 'initial_date' },
  timepicker: { field: 'selected_time', initial: 'initial_time' },
  datetimepicker: { field: 'selected_date_time', initial: 'initial_date_time' },
  users_select: { field: 'selected_user', initial: 'initial_user' },
  conversations_select: { field: 'selected_conversation', initial: 'initial_conversation' },
  channels_select: { field: 'selected_channel', initial: 'initial_channel' },
  multi_users_select: { field: 'selected_users', initial: 'initial_users', many: true },
  multi_conversations_select: {
    field: 'selected_conversations',
    initial: 'initial_conversations',
    many: true,
  },
  multi_channels_select: { field: 'selected_channels', initial: 'initial_channels', many: true },
  static_select: { field: 'selected_option', initial: 'initial_option', options: true },
  external_select: { field: 'selected_option', initial: 'initial_option', options: true },
  radio_buttons: { field: 'selected_option', initial: 'initial_option', options: true },
  multi_static_select: { field: 'selected_options', initial: 'initial_options', options: true, many: true },
  multi_external_select: { field: 'selected_options', initial: 'initial_options', options: true, many: true },
  checkboxes: { field: 'selected_options', initial: 'initial_options', options: true, many: true },
};

const kindOf = (element: Json): Kind | undefined => KINDS[String(element['type'])];

/** What Slack records when a person gives `raw` to an element; a wrong choice is thrown as words. */
export function entryFor(element: Json, raw: unknown): Json | undefined {
  const kind = kindOf(element);
  if (!kind) return undefined;
  if (typeof raw === 'object' && raw !== null && 'type' in raw) return raw;
  const type = element['type'];
  if (raw === null || raw === undefined) return { type, [kind.field]: kind.many ? [] : null };
  if (!kind.many) return { type, [kind.field]: kind.options ? optionOf(element, raw) : single(element, raw) };
  const many = Array.isArray(raw) ? (raw as unknown[]) : [raw];
  return { type, [kind.field]: kind.options ? many.map((one) => optionOf(element, one)) : many };
}

function single(element: Json, raw: unknown): unknown {
  if (element['type'] === 'datetimepicker') return Number(raw);
  return typeof raw === 'number' || typeof raw === 'boolean' ? String(raw) : raw;
}

/** Finds an option by its value; external selects have options that only the app knows. */
export function optionOf(element: Json, value: unknown): Json {
  const groups = (element['option_groups'] as { options: Json[] }[] | undefined) ?? [];
  const options = [
    ...((element['options'] as Json[] | undefined) ?? []),
    ...groups.flatMap((group) => group.options),
  ];
  const found = options.find((option) => option['value'] === value);
  if (found) return found;
  if (String(element['type']).includes('external')) {
    return { text: { type: 'plain_text', text: String(value) }, value };
  }
  const known = options.map((option) => String(option['value'])).join(', ');
  throw new RangeError(
    `"${String(value)}" is not an option of ${String(element['action_id'])}; options: ${known}`,
  );
}

export function isEmpty(entry: Json | undefined): boolean {
  if (!entry) return true;
  const given = Object.entries(entry).filter(([field]) => field !== 'type');
  return given.every(
    ([, value]) => value === null || value === '' || (Array.isArray(value) && value.length === 0),
  );
}
