/** Random calls of the Web API and of the control surface, some sensible, some not, and nobody knows which. */
import fc from 'fast-check';
import { methods } from '../../../sandbox/server/api/methods.ts';

/** A thing of the world as it is when the move is made: the nth channel, the nth message, … */
export interface Pick {
  readonly pick: keyof Found;
  readonly nth: number;
}

export interface Found {
  readonly channel: readonly string[];
  readonly user: readonly string[];
  readonly name: readonly string[];
  readonly ts: readonly string[];
  readonly view: readonly string[];
  readonly trigger: readonly string[];
  readonly file: readonly string[];
  readonly bookmark: readonly string[];
  readonly group: readonly string[];
  readonly canvas: readonly string[];
  readonly scheduled: readonly string[];
}

export interface Move {
  readonly to: 'api' | 'sandbox';
  readonly method: string;
  readonly path: string;
  readonly form: boolean;
  readonly input: Readonly<Record<string, unknown>>;
}

const some = (pick: Pick['pick']): fc.Arbitrary<Pick> =>
  fc.record({ pick: fc.constant(pick), nth: fc.nat(30) });
const plain = (text: string) => ({ type: 'plain_text', text });
const options = ['a', 'b'].map((value) => ({ text: plain(value), value }));

const element = fc.constantFrom(
  { type: 'button', action_id: 'go', text: plain('Go'), value: '1' },
  { type: 'static_select', action_id: 'choose', options },
  { type: 'plain_text_input', action_id: 'say' },
  { type: 'external_select', action_id: 'find' },
  { type: 'users_select', action_id: 'who' },
  { type: 'overflow', action_id: 'more', options },
  { type: 'checkboxes', action_id: 'check', options },
  { type: 'nonsense' },
  null,
);
const block = fc.oneof(
  fc.record({ type: fc.constant('actions'), elements: fc.array(element, { maxLength: 3 }) }),
  fc.record({
    type: fc.constant('input'),
    label: fc.constant(plain('L')),
    element,
    block_id: fc.constant('in'),
  }),
  fc.record({
    type: fc.constant('section'),
    text: fc.constantFrom(plain('x'), plain(''), 7),
    accessory: element,
  }),
  fc.constantFrom({ type: 'divider' }, { type: 'hologram' }, {}, 'block', null),
);
const good = {
  type: 'actions',
  block_id: 'good',
  elements: [
    { type: 'button', action_id: 'go', text: plain('Go'), value: '1' },
    { type: 'static_select', action_id: 'choose', options },
    { type: 'external_select', action_id: 'find' },
  ],
};
const blocks = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom<unknown[]>([], [good], [{ type: 'divider' }]) },
  { weight: 1, arbitrary: fc.array(block, { maxLength: 4 }) },
);
const view = fc.record(
  {
    type: fc.constantFrom('modal', 'modal', 'home'),
    title: fc.constantFrom(plain('Form'), plain('Form'), plain('x'.repeat(30))),
    submit: fc.constantFrom(plain('Send'), null),
    blocks,
    callback_id: fc.constant('form'),
    external_id: fc.constantFrom('', 'mine'),
    clear_on_close: fc.boolean(),
    notify_on_close: fc.boolean(),
  },
  { requiredKeys: ['type', 'blocks', 'title', 'submit'] },
);
const channelName = fc.constantFrom('inc-1', 'inc-2', 'general', 'Bad Name', '', '__proto__', 'constructor');
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('', 'hello @dba in #general', '@firebreak hi', '<@U0>', '@dba-team', 'x'.repeat(4000)),
);
const anything = fc.oneof(
  fc.anything({ maxDepth: 2 }),
  fc.constantFrom('', '0', '-1', 'true', 'null', '[]', '{}', '{"a":', '__proto__', 1e21, null, true),
);

const LIKELY: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  channel: some('channel'),
  channel_id: some('channel'),
  channels: some('channel'),
  user: fc.oneof(some('user'), some('name')),
  by: some('name'),
  user_id: some('user'),
  users: some('user'),
  ts: some('ts'),
  timestamp: some('ts'),
  message_ts: some('ts'),
  thread_ts: some('ts'),
  view_id: some('view'),
  trigger_id: some('trigger'),
  file: some('file'),
  bookmark_id: some('bookmark'),
  usergroup: some('group'),
  canvas_id: some('canvas'),
  scheduled_message_id: some('scheduled'),
  files: fc.oneof(
    fc.array(fc.record({ id: some('file'), title: text }), { maxLength: 2 }),
    fc.array(fc.record({ name: fc.constantFrom('a.md', 'b.bin'), content: text }), { maxLength: 2 }),
  ),
  name: fc.oneof(channelName, fc.constantFrom('eyes', 'flag', 'newcomer', 'viewer')),
  handle: fc.constantFrom('dba-team', 'web-team', 'dba'),
  text,
  topic: text,
  purpose: text,
  title: text,
  blocks,
  view,
  values: fc.constantFrom({}, { say: 'x' }, { choose: 'a' }, { in: { say: 'y' } }, { in: 7 }, { none: 1 }),
  action_id: fc.constantFrom('go', 'choose', 'say', 'find', 'who', 'more', 'check'),
  value: fc.constantFrom('a', 'b', '1', null, ['a'], {}),
  callback_id: fc.constantFrom('declare_incident', 'add_to_timeline', 'none'),
  is_private: fc.boolean(),
  deactivated: fc.boolean(),
  kind: fc.constantFrom('member', 'guest', 'foreign', 'duplicate', 'delay', 'reorder', 'disconnect'),
  limit: fc.integer({ min: 1, max: 5 }),
  post_at: fc.integer({ min: 0, max: 100 }).map((after) => Math.floor(Date.now() / 1000) + after),
  type: fc.constant('link'),
  link: fc.constantFrom('https://example.com', 'javascript:x'),
  filename: fc.constantFrom('a.md', 'b.bin'),
  length: fc.nat(10),
  advance_ms: fc.nat(120_000),
  changes: fc.constant([
    { operation: 'insert_at_end', document_content: { type: 'markdown', markdown: '# x\n\ny' } },
  ]),
  criteria: fc.constant({ contains_text: 'x' }),
  metadata: fc.constant({ event_type: 'effect', event_payload: { id: '1' } }),
  cursor: fc.constantFrom('', 'b2Zmc2V0OjE=', 'nonsense'),
};

/** The arguments of a call: each mostly likely, sometimes missing, sometimes anything at all. */
function inputs(names: readonly string[]): fc.Arbitrary<Record<string, unknown>> {
  const fields = names.map((name) => {
    const likely = LIKELY[name] ?? anything;
    return [name, fc.oneof({ weight: 12, arbitrary: likely }, { weight: 1, arbitrary: anything })] as const;
  });
  const all = Object.fromEntries(fields);
  return fc.oneof(
    { weight: 5, arbitrary: fc.record(Object.fromEntries(fields.filter(([name]) => name in LIKELY))) },
    { weight: 1, arbitrary: fc.record(all) },
    { weight: 1, arbitrary: fc.record(all, { requiredKeys: names.slice(0, 2) }) },
    { weight: 1, arbitrary: fc.record(all, { requiredKeys: [] }) },
  );
}

const apiMove: fc.Arbitrary<Move> = fc.constantFrom(...methods.values()).chain(({ name, takes }) =>
  fc.record({
    to: fc.constant('api' as const),
    method: fc.constant('POST'),
    path: fc.constant(name),
    form: fc.boolean(),
    input: inputs(takes),
  }),
);

const CONTROL: readonly (readonly [method: string, path: string, takes: readonly string[]])[] = [
  ['POST', 'messages', ['user', 'channel', 'text', 'thread_ts', 'files']],
  ['POST', 'messages', ['user', 'channel', 'text']],
  ['PATCH', 'messages/general/0', ['user', 'text']],
  ['POST', 'reactions', ['user', 'channel', 'ts', 'name']],
  ['DELETE', 'reactions', ['user', 'channel', 'ts', 'name']],
  ['POST', 'pins', ['user', 'channel', 'ts']],
  ['DELETE', 'pins', ['user', 'channel', 'ts']],
  ['POST', 'commands', ['user', 'channel', 'text']],
  ['POST', 'actions', ['user', 'channel', 'ts', 'action_id', 'value']],
  ['POST', 'actions', ['user', 'view_id', 'action_id', 'value']],
  ['POST', 'suggestions', ['user', 'view_id', 'action_id', 'value']],
  ['POST', 'shortcuts', ['user', 'callback_id']],
  ['POST', 'shortcuts', ['user', 'callback_id', 'channel', 'ts']],
  ['POST', 'views/submit', ['user', 'view_id', 'values']],
  ['POST', 'views/close', ['user', 'view_id']],
  ['POST', 'home', ['user']],
  ['POST', 'users', ['name', 'kind', 'deactivated']],
  ['PATCH', 'users', ['name', 'kind', 'deactivated']],
  ['POST', 'usergroups', ['handle', 'name', 'users']],
  ['PATCH', 'usergroups', ['handle', 'name', 'users']],
  ['POST', 'channels', ['user', 'name', 'is_private']],
  ['POST', 'members', ['user', 'channel', 'by']],
  ['POST', 'deliveries', ['kind', 'times', 'ms']],
  ['POST', 'clock', ['advance_ms']],
  ['GET', 'none', []],
];

const controlMove: fc.Arbitrary<Move> = fc.constantFrom(...CONTROL).chain(([method, path, takes]) =>
  fc.record({
    to: fc.constant('sandbox' as const),
    method: fc.constant(method),
    path: fc.constant(path),
    form: fc.constant(false),
    input: inputs(takes),
  }),
);

export const moves = fc.array(fc.oneof(apiMove, controlMove), { minLength: 10, maxLength: 40, size: 'max' });
