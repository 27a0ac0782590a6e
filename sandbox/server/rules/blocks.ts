/** Slack's limits on blocks, answered like Slack does: words and the JSON pointer of the place. */
import type { Block, Json } from '../model.ts';
import { fits, type Place, surplusInBlock, surplusInElement } from './fields.ts';

/** A fault found at a place, e.g. `/blocks/0/text/text`. */
type Faults = string[];

const MAX_BLOCK_ID = 255;

const fault = (words: string, pointer: string) => `[ERROR] ${words} [json-pointer:${pointer}]`;

/** Checks a list of blocks; the answer is empty when Slack would take it. */
export function blockFaults(blocks: readonly unknown[], max: number, pointer = '/blocks'): Faults {
  const faults: Faults = [];
  if (blocks.length > max) faults.push(fault(`no more than ${max} items allowed`, pointer));
  for (const [index, block] of blocks.entries()) faults.push(...oneBlock(block, `${pointer}/${index}`));
  return [...faults, ...repeatedIds(blocks as Block[], pointer)];
}

function oneBlock(block: unknown, at: string): Faults {
  if (!isJson(block)) return [fault('must be an object', at)];
  const { type, block_id } = block;
  const check = CHECKS[String(type)];
  if (!check) return [fault(`unsupported type: ${String(type)}`, `${at}/type`)];
  const faults = [...check(block, at), ...surplusFaults(surplusInBlock(block), at)];
  if (block_id !== undefined) faults.push(...tooLong(block_id, MAX_BLOCK_ID, `${at}/block_id`));
  return faults;
}

const surplusFaults = (keys: readonly string[], at: string) =>
  keys.map((key) => fault(`invalid additional property: ${key}`, `${at}/${key}`));

type Check = (block: Json, at: string) => Faults;
const nothing: Check = () => [];

const CHECKS: Readonly<Record<string, Check>> = {
  section: (block, at) => [
    ...(block['text'] === undefined && block['fields'] === undefined
      ? [fault('missing required field: text', at)]
      : []),
    ...(block['text'] === undefined ? [] : text(block['text'], 3000, `${at}/text`)),
    ...list(block['fields'], 10, `${at}/fields`, (field, place) => text(field, 2000, place)),
    ...(block['accessory'] === undefined ? [] : element('accessory')(block['accessory'], `${at}/accessory`)),
  ],
  header: (block, at) => text(block['text'], 150, `${at}/text`, 'plain_text'),
  actions: (block, at) =>
    required(block, 'elements', at) ?? list(block['elements'], 25, `${at}/elements`, element('actions')),
  context: (block, at) =>
    required(block, 'elements', at) ?? list(block['elements'], 10, `${at}/elements`, contextElement),
  input: (block, at) => [
    ...text(block['label'], 2000, `${at}/label`, 'plain_text'),
    ...(block['hint'] === undefined ? [] : text(block['hint'], 2000, `${at}/hint`, 'plain_text')),
    ...(required(block, 'element', at) ?? element('input')(block['element'], `${at}/element`)),
  ],
  image: (block, at) => [
    ...(required(block, 'alt_text', at) ?? tooLong(block['alt_text'], 2000, `${at}/alt_text`)),
    ...tooLong(block['image_url'], 3000, `${at}/image_url`),
  ],
  markdown: (block, at) => required(block, 'text', at) ?? tooLong(block['text'], 12_000, `${at}/text`),
  table: (block, at) => required(block, 'rows', at) ?? list(block['rows'], 100, `${at}/rows`, row),
  divider: nothing,
  rich_text: nothing,
  file: nothing,
  video: nothing,
  alert: nothing,
  card: nothing,
  carousel: nothing,
  container: nothing,
  context_actions: nothing,
  data_table: nothing,
  data_visualization: nothing,
  plan: nothing,
  task_card: nothing,
};

const MAX_MARKDOWN = 12_000;

/** What a message may have of some blocks altogether. */
export function messageFaults(blocks: readonly unknown[]): Faults {
  const of = (type: string) => blocks.filter(isJson).filter((block) => block['type'] === type);
  const markdown = of('markdown').map((block) => String(block['text']).length);
  const length = markdown.reduce((sum, one) => sum + one, 0);
  return [
    ...(of('table').length > 1 ? [fault('only one table block is allowed', '/blocks')] : []),
    ...(length > MAX_MARKDOWN
      ? [fault(`markdown must be less than ${MAX_MARKDOWN + 1} characters`, '/blocks')]
      : []),
  ];
}

function row(cells: unknown, at: string): Faults {
  return list(cells, 20, at, () => []);
}

function contextElement(value: unknown, at: string): Faults {
  return isJson(value) && value['type'] === 'image' ? [] : text(value, 3000, at);
}

const element =
  (place: Place) =>
  (value: unknown, at: string): Faults => {
    if (!isJson(value)) return [fault('must be an object', at)];
    const type = String(value['type']);
    if (!fits(type, place)) return [fault(`unsupported type: ${type}`, `${at}/type`)];
    return [...elementFaults(value, at), ...surplusFaults(surplusInElement(value), at)];
  };

function elementFaults(value: Json, at: string): Faults {
  const faults: Faults = [...tooLong(value['action_id'], 255, `${at}/action_id`)];
  if (value['type'] === 'button') {
    faults.push(...text(value['text'], 75, `${at}/text`, 'plain_text'));
    faults.push(...tooLong(value['value'], 2000, `${at}/value`));
    faults.push(...tooLong(value['url'], 3000, `${at}/url`));
  }
  if (value['placeholder'] !== undefined)
    faults.push(...text(value['placeholder'], 150, `${at}/placeholder`, 'plain_text'));
  if (value['confirm'] !== undefined) faults.push(...confirm(value['confirm'], `${at}/confirm`));
  const most =
    value['type'] === 'overflow'
      ? 5
      : ['checkboxes', 'radio_buttons'].includes(String(value['type']))
        ? 10
        : 100;
  return [...faults, ...list(value['options'], most, `${at}/options`, option)];
}

function option(value: unknown, at: string): Faults {
  if (!isJson(value)) return [fault('must be an object', at)];
  const { text: label, value: key, description } = value;
  return [
    ...text(label, 75, `${at}/text`),
    ...(required(value, 'value', at) ?? tooLong(key, 150, `${at}/value`)),
    ...(description === undefined ? [] : text(description, 75, `${at}/description`)),
  ];
}

function confirm(value: unknown, at: string): Faults {
  if (!isJson(value)) return [fault('must be an object', at)];
  return [
    ...text(value['title'], 100, `${at}/title`, 'plain_text'),
    ...text(value['text'], 300, `${at}/text`),
    ...text(value['confirm'], 30, `${at}/confirm`, 'plain_text'),
    ...text(value['deny'], 30, `${at}/deny`, 'plain_text'),
  ];
}

/** A text object of at most `max` characters. */
export function text(value: unknown, max: number, at: string, only?: 'plain_text'): Faults {
  if (!isJson(value)) return [fault('missing required field: text', at)];
  const { type, text: words } = value;
  if (type !== 'plain_text' && (type !== 'mrkdwn' || only))
    return [fault(`unsupported type: ${String(type)}`, `${at}/type`)];
  if (typeof words !== 'string') return [fault('missing required field: text', at)];
  if (words.length === 0) return [fault('must be more than 0 characters', `${at}/text`)];
  return tooLong(words, max, `${at}/text`);
}

export function tooLong(value: unknown, max: number, at: string): Faults {
  if (typeof value !== 'string' || value.length <= max) return [];
  return [fault(`must be less than ${max + 1} characters`, at)];
}

function required(block: Json, field: string, at: string): Faults | undefined {
  return block[field] === undefined ? [fault(`missing required field: ${field}`, at)] : undefined;
}

function list(value: unknown, max: number, at: string, each: (item: unknown, at: string) => Faults): Faults {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return [fault('must be an array', at)];
  const faults = value.flatMap((item: unknown, index) => each(item, `${at}/${index}`));
  return value.length > max ? [fault(`no more than ${max} items allowed`, at), ...faults] : faults;
}

function repeatedIds(blocks: readonly Block[], at: string): Faults {
  const seen = new Set<string>();
  const faults: Faults = [];
  for (const [index, block] of blocks.entries()) {
    const id = isJson(block) ? block.block_id : undefined;
    if (id === undefined) continue;
    if (seen.has(id)) faults.push(fault(`block_id already exists: ${id}`, `${at}/${index}/block_id`));
    seen.add(id);
  }
  return faults;
}

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
