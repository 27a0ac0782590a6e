/** Holds answers and payloads against the shapes of Slack: no field it never sends, no other type. */
import type { KnownBlock } from '@slack/types';
import { ANSWERS, DOCUMENTED, ENVELOPE, EVENTS, OBJECTS, PAYLOADS } from './shapes.ts';

type Shape = 's' | 'n' | 'b' | '?' | 'B' | { name: string } | { list: Shape } | { fields: Fields };
type Fields = Map<string, Shape>;

const objects = read(OBJECTS);
const answers = read(ANSWERS);
const events = read(EVENTS);
const payloads = read(PAYLOADS);
const envelope = fieldsOf(ENVELOPE);
for (const [name, fields] of read(DOCUMENTED)) {
  const table = [answers, events, payloads].find((one) => one.has(name)) ?? kindOf(name);
  table.set(name, merged(table.get(name) ?? new Map<string, Shape>(), fields));
}

function kindOf(name: string): Map<string, Fields> {
  if (name.includes('.')) return answers;
  return name.startsWith('block_') || name === 'shortcut' ? payloads : events;
}

export const methodsWithShape: readonly string[] = [...answers.keys()];
export const eventsWithShape: readonly string[] = [...events.keys()];

const COMMON = fieldsOf('ok: b; error needed provided warning detail: s; response_metadata: Meta');
/** Slack itself sends these as null when there is nothing to say. */
const NULLABLE = new Set(['enterprise', 'enterprise_id', 'previous_view_id', 'submit', 'close']);

/** What is wrong with an answer of the Web API; nothing when Slack could have given it. */
export function answerFaults(method: string, answer: unknown): string[] {
  const fields = answers.get(method);
  return fields ? objectFaults(answer, merged(COMMON, fields), method) : [`${method}: has no shape`];
}

/** What is wrong with something that the app was sent. */
export function payloadFaults(payload: Record<string, unknown>): string[] {
  const type = typeof payload['type'] === 'string' ? payload['type'] : 'slash_commands';
  if (type !== 'event_callback') {
    const fields = payloads.get(type);
    return fields ? objectFaults(payload, fields, type) : [`${type}: has no shape`];
  }
  const event = payload['event'] as Record<string, unknown>;
  const name = String(event['type']);
  const own = events.get(name);
  if (!own) return [`${name}: has no shape`];
  const base =
    name === 'message' || name === 'app_mention' ? (objects.get('Message') ?? new Map()) : new Map();
  const shape = merged(fieldsOf('type event_ts: s'), merged(base as Fields, own));
  return [...objectFaults(payload, envelope, 'envelope'), ...objectFaults(event, shape, name)];
}

function objectFaults(value: unknown, fields: Fields, at: string): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${at}: is no object`];
  return Object.entries(value).flatMap(([key, one]) => {
    const shape = fields.get(key) ?? fields.get('*');
    if (!shape) return [`${at}.${key}: Slack never sends it`];
    if (one === undefined || (one === null && NULLABLE.has(key))) return [];
    return faults(one, shape, `${at}.${key}`);
  });
}

const TYPES = { s: 'string', n: 'number', b: 'boolean' } as const;

function faults(value: unknown, shape: Shape, at: string): string[] {
  if (shape === '?') return [];
  if (shape === 'B') return blockFaults(value, at);
  if (typeof shape === 'string')
    return typeof value === TYPES[shape] ? [] : [`${at}: is ${kind(value)}, Slack sends ${TYPES[shape]}`];
  if ('fields' in shape) return objectFaults(value, shape.fields, at);
  if ('name' in shape) return objectFaults(value, objects.get(shape.name) ?? new Map<string, Shape>(), at);
  if (!Array.isArray(value)) return [`${at}: is ${kind(value)}, Slack sends a list`];
  return value.flatMap((one, index) => faults(one, shape.list, `${at}.${index}`));
}

const kind = (value: unknown) => (value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value);

type AnyKey<T> = T extends unknown ? keyof T : never;
type BlockFields = {
  readonly [T in KnownBlock['type']]?: readonly AnyKey<Extract<KnownBlock, { type: T }>>[];
};
/** The fields of the blocks that the app uses; the compiler holds them against @slack/types. */
const BLOCKS: BlockFields = {
  actions: ['type', 'block_id', 'elements'],
  context: ['type', 'block_id', 'elements'],
  divider: ['type', 'block_id'],
  header: ['type', 'block_id', 'text'],
  image: ['type', 'block_id', 'alt_text', 'title', 'image_url', 'slack_file'],
  input: ['type', 'block_id', 'label', 'hint', 'optional', 'element', 'dispatch_action'],
  markdown: ['type', 'block_id', 'text'],
  rich_text: ['type', 'block_id', 'elements'],
  section: ['type', 'block_id', 'text', 'fields', 'accessory', 'expand'],
  table: ['type', 'block_id', 'rows', 'column_settings'],
};

function blockFaults(value: unknown, at: string): string[] {
  if (!Array.isArray(value)) return [`${at}: is no list of blocks`];
  return (value as Record<string, unknown>[]).flatMap((block, index) => {
    const known: readonly string[] | undefined = BLOCKS[block['type'] as KnownBlock['type']];
    if (!known) return [`${at}.${index}: ${String(block['type'])} is no block that is known here`];
    return Object.keys(block)
      .filter((key) => !known.includes(key))
      .map((key) => `${at}.${index}.${key}: no field of a ${String(block['type'])} block`);
  });
}

function read(table: string): Map<string, Fields> {
  const lines = table
    .replaceAll(/\n {2}/g, ' ')
    .trim()
    .split('\n');
  return new Map(
    lines.map((line) => {
      const [name = '', rest = ''] = line.split(/ = ?/, 2);
      return [name, fieldsOf(rest)];
    }),
  );
}

function fieldsOf(text: string): Fields {
  const tokens = text.match(/[[\]{};]|[^\s[\]{};]+/g) ?? [];
  const fields = readFields(tokens);
  if (tokens.length > 0) throw new Error(`the table cannot be read at: ${tokens.slice(0, 5).join(' ')}`);
  return fields;
}

/** `a b: s; c: {d: n}` up to the end or to the brace that closes. */
function readFields(tokens: string[]): Fields {
  const fields: Fields = new Map();
  while (tokens.length > 0 && tokens[0] !== '}') {
    const names: string[] = [];
    while (names.at(-1)?.endsWith(':') !== true) names.push(tokens.shift() ?? ':');
    const shape = readShape(tokens);
    for (const name of names) fields.set(name.replace(/:$/, ''), shape);
    if (tokens[0] === ';') tokens.shift();
  }
  return fields;
}

function readShape(tokens: string[]): Shape {
  const token = tokens.shift() ?? '';
  const inner: Shape | undefined =
    token === '{' ? { fields: readFields(tokens) } : token === '[' ? { list: readShape(tokens) } : undefined;
  if (inner) {
    tokens.shift();
    return inner;
  }
  return ['s', 'n', 'b', '?', 'B'].includes(token) ? (token as Shape) : { name: token };
}

/** Both, and inside lists and objects both too. */
function merged(one: Fields, other: Fields): Fields {
  const all = new Map(one);
  for (const [key, shape] of other) {
    const old = all.get(key);
    all.set(key, old === undefined ? shape : both(old, shape));
  }
  return all;
}

function both(one: Shape, other: Shape): Shape {
  if (typeof one !== 'object' || typeof other !== 'object') return other;
  if ('fields' in one && 'fields' in other) return { fields: merged(one.fields, other.fields) };
  return 'list' in one && 'list' in other ? { list: both(one.list, other.list) } : other;
}
