/** Which fields blocks and their elements may have, and which elements a block takes. */
import type { Json } from '../model.ts';

const words = (text: string) => text.split(' ');
const table = (rows: Readonly<Record<string, string>>): ReadonlyMap<string, readonly string[]> =>
  new Map(Object.entries(rows).map(([type, fields]) => [type, words(fields)]));

/** Beside `type` and `block_id`. Types that are not here are taken as they are. */
const BLOCKS = table({
  actions: 'elements',
  context: 'elements',
  divider: '',
  header: 'text level',
  image: 'alt_text title image_url slack_file',
  input: 'label hint optional element dispatch_action',
  markdown: 'text',
  rich_text: 'elements',
  section: 'text fields accessory expand',
  table: 'rows column_settings',
});

const PICK = 'action_id confirm focus_on_load';
const MENU = `${PICK} placeholder`;
const INPUT = 'action_id focus_on_load placeholder dispatch_action_config initial_value';
const OPTIONS = 'options option_groups';
const FILTER = 'default_to_current_conversation filter';

/** Beside `type`. */
const ELEMENTS = table({
  button: 'action_id confirm text value url style accessibility_label',
  workflow_button: 'action_id confirm text workflow style accessibility_label',
  overflow: 'action_id confirm options',
  image: 'alt_text image_url slack_file',
  checkboxes: `${PICK} options initial_options`,
  radio_buttons: `${PICK} options initial_option`,
  datepicker: `${MENU} initial_date`,
  timepicker: `${MENU} initial_time timezone`,
  datetimepicker: `${PICK} initial_date_time`,
  static_select: `${MENU} ${OPTIONS} initial_option`,
  multi_static_select: `${MENU} ${OPTIONS} initial_options max_selected_items`,
  external_select: `${MENU} initial_option min_query_length`,
  multi_external_select: `${MENU} initial_options min_query_length max_selected_items`,
  users_select: `${MENU} initial_user`,
  multi_users_select: `${MENU} initial_users max_selected_items`,
  conversations_select: `${MENU} initial_conversation response_url_enabled ${FILTER}`,
  multi_conversations_select: `${MENU} initial_conversations max_selected_items ${FILTER}`,
  channels_select: `${MENU} initial_channel response_url_enabled`,
  multi_channels_select: `${MENU} initial_channels max_selected_items`,
  plain_text_input: `${INPUT} multiline min_length max_length`,
  rich_text_input: `${INPUT} min_lines max_lines`,
  email_text_input: INPUT,
  url_text_input: INPUT,
  number_input: `${INPUT} is_decimal_allowed min_value max_value`,
  file_input: 'action_id filetypes max_files',
});

const isText = (type: string) => type.endsWith('_input');
const isClickOnly = (type: string) => ['button', 'overflow', 'workflow_button'].includes(type);
/** What each place takes of all elements. */
const TAKES: Readonly<Record<Place, (type: string) => boolean>> = {
  actions: (type) => type !== 'image' && (!isText(type) || type === 'rich_text_input'),
  accessory: (type) => !isText(type),
  input: (type) => type !== 'image' && !isClickOnly(type),
};

export type Place = 'actions' | 'accessory' | 'input';

export const surplusInBlock = (block: Json) => surplus(block, BLOCKS.get(String(block['type'])), 'block_id');
export const surplusInElement = (element: Json) => surplus(element, ELEMENTS.get(String(element['type'])));

function surplus(thing: Json, known: readonly string[] | undefined, more = 'type'): string[] {
  if (!known) return [];
  return Object.keys(thing).filter((key) => key !== 'type' && key !== more && !known.includes(key));
}

export const fits = (type: string, place: Place) => ELEMENTS.has(type) && TAKES[place](type);
