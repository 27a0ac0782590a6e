import { type Facts, violations } from '../../chaos/oracle.ts';
import { bounds } from '../../chaos/oracle-people.ts';
import type { Said } from '../../chaos/people.ts';

const NOTE: Said = {
  kind: 'note',
  token: 'tokA',
  incident: 1,
  user: 'ann',
  acked: true,
  told: 'Noted.',
};
const ENTRY = { incident: 1, seq: 1, kind: 'note', user: 'ann', text: 'tokA' };
const ROW = { user: 'ann', text: 'note tokA', state: 'done' };
const PAGE = {
  incident: 1,
  number: 1,
  escalation: 1,
  level: 1,
  user: 'pager1',
  at: new Date(1000),
  answer: 'acknowledged',
  writtenAt: new Date(2000),
};
const WELL: Facts = {
  said: [NOTE],
  incidents: [{ id: 1, title: 'inc1t1', channel: 'C1' }],
  entries: [ENTRY],
  actions: [],
  inbox: [ROW],
  outbox: ['one', 'two'].map((text, index) => ({
    id: index + 1,
    lane: 'incident:1',
    effectId: text,
    kind: 'say',
    state: 'sent',
    text,
    user: '',
    subject: '',
  })),
  whispers: [{ to: 'ann', text: 'Noted.' }],
  messages: [
    { channel: 'C1', ts: '1.0', text: 'one', effectId: 'one' },
    { channel: 'C1', ts: '2.0', text: 'two', effectId: 'two' },
  ],
  writes: [
    { what: 'lease', key: 'incident:1', bot: 'bot-1' },
    { what: 'outbox', key: 'incident:1', bot: 'bot-1' },
  ],
  files: [],
  escalations: [{ incident: 1, number: 1, level: 2, state: 'acknowledged' }],
  pages: [PAGE, { ...PAGE, number: 2, level: 2, user: 'pager2', answer: null, writtenAt: null }],
  effects: ['tokD'],
  markers: 1,
  runs: [{ token: 'tokD', step: 'done' }],
  chain: [],
  ended: [],
  unsettled: undefined,
};
const LEAD: Said = {
  ...NOTE,
  kind: 'line',
  token: 'lead',
  user: 'bob',
  told: 'Incident commander is now bob.',
};
const LED = { ...ENTRY, kind: 'role', user: 'bob', text: 'bob leads' };
const CAPTURE: Said = { ...NOTE, kind: 'captured', token: 'tokM', user: 'bob', told: '' };
const MESSAGE = { ...ENTRY, kind: 'message', user: 'bob', text: 'seen: tokM' };
const [SAY] = WELL.outbox as [Facts['outbox'][number]];
const FILE = { ...SAY, id: 8, effectId: 'file', kind: 'file', text: 'report.md' };
const CARD = { ...SAY, id: 9, kind: 'live', subject: 'card' };
const [first, second] = WELL.messages as [Facts['messages'][number], Facts['messages'][number]];

it('lets an incident that was resolved refuse a run, and no other one', () => {
  const said: Said = {
    kind: 'danger',
    token: 'tokD',
    incident: 1,
    user: 'bob',
    acked: true,
    told: 'Still working on it.',
  };
  const inbox = [...WELL.inbox, { user: 'bob', text: 'run tokD', state: 'done' }];
  const none = { ...WELL, said: [NOTE, said], inbox, runs: [], effects: [], markers: 0 };
  const resolved = { ...ENTRY, seq: 2, kind: 'status', text: 'Status investigating → resolved' };
  expect(violations(none)).toEqual([
    expect.stringContaining('danger tokD of bob took effect 0 times, not 1 to 1'),
  ]);
  expect(violations({ ...none, entries: [...WELL.entries, resolved] })).toEqual([]);
});

it('takes words after which the answer is still to come for no answer', () => {
  const told = [':hourglass_flowing_sand: Still working on it. The answer comes here.', 'Noted.'];
  expect(violations({ ...WELL, whispers: told.map((text) => ({ to: 'ann', text })) })).toEqual([]);
});

it('finds nothing where all is as promised', () => {
  expect(violations(WELL)).toEqual([]);
  const corrected = { ...MESSAGE, seq: 3, kind: 'correction', text: 'seen, and corrected: tokM' };
  const said = [NOTE, { ...CAPTURE, kind: 'corrected' }];
  expect(violations({ ...WELL, said, entries: [ENTRY, { ...MESSAGE, seq: 2 }, corrected] })).toEqual([]);
});

it.each<[string, Partial<Facts>, RegExp]>([
  ['a note twice', { entries: [ENTRY, { ...ENTRY, seq: 2 }] }, /took effect 2 times/],
  ['a note that is lost', { entries: [] }, /took effect 0 times/],
  ['a note in another incident', { entries: [{ ...ENTRY, incident: 2 }] }, /2 times/],
  ['a gap', { entries: [{ ...ENTRY, seq: 2 }] }, /entry 2 follows 0/],
  ['a broken chain', { chain: ['timeline of 1 is broken'] }, /broken/],
  ['a message twice', { messages: [first, first, second] }, /2 times: one/],
  ['a lost message', { messages: [first] }, /is not in Slack: two/],
  [
    'messages out of order',
    { messages: [{ ...first, ts: '3.0' }, second] },
    /2 of incident:1 stands before message 1/,
  ],
  [
    'a write under a lost lease',
    {
      writes: [
        ...WELL.writes,
        { what: 'lease', key: 'incident:1', bot: 'bot-2' },
        { what: 'outbox', key: 'incident:1', bot: 'bot-1' },
      ],
    },
    /bot-1 wrote outbox of incident:1/,
  ],
  ['a step done twice', { effects: ['tokD', 'tokD'], markers: 2 }, /tokD 2 times/],
  ['a step without its marker', { markers: 0 }, /1 effects and 0 markers/],
  [
    'a journal that does not know',
    { runs: [{ token: 'tokD', step: 'unknown' }] },
    /is unknown, and the target has it 1/,
  ],
  [
    'that nobody was told of what was not run',
    { entries: [], inbox: [{ ...ROW, state: 'expired' }] },
    /told so 0 times/,
  ],
  [
    'an answer that is given twice',
    { whispers: [...WELL.whispers, ...WELL.whispers] },
    /note tokA of ann was answered 2 times/,
  ],
  [
    'a whisper that is sent twice',
    { whispers: [...WELL.whispers, { to: 'ann', text: 'You have just joined. Shall I …' }] },
    /ann was offered 1 times how it stands, not 0/,
  ],
  [
    'a line that took effect twice',
    {
      said: [NOTE, LEAD],
      entries: [ENTRY, { ...LED, seq: 2 }, { ...LED, seq: 3 }],
      inbox: [ROW, { user: 'bob', text: 'lead', state: 'done' }],
    },
    /line lead of bob took effect 2 times, not 0 to 1/,
  ],
  [
    'a line that is answered and was not done',
    {
      said: [NOTE, LEAD],
      inbox: [ROW, { user: 'bob', text: 'lead', state: 'done' }],
      whispers: [...WELL.whispers, { to: 'bob', text: LEAD.told }],
    },
    /line lead of bob took effect 0 times, not 1 to 1/,
  ],
  ['a page twice', { pages: [...WELL.pages, PAGE] }, /pager1 was paged 2 times, not 1/],
  ['a level that was passed over', { pages: [PAGE] }, /pager2 was paged 0 times, not 1/],
  [
    'a page after the answer',
    { pages: WELL.pages.map((page) => ({ ...page, at: new Date(page.number * 1500) })) },
    /pager2 was paged after that/,
  ],
  [
    'an escalation that ends too soon',
    { escalations: WELL.escalations.map((each) => ({ ...each, state: 'exhausted' })) },
    /it ends at level 2/,
  ],
  [
    'an escalation that ends although somebody came',
    { escalations: WELL.escalations.map((each) => ({ ...each, level: 3, state: 'exhausted' })) },
    /somebody has acknowledged/,
  ],
  ['a file that is lost', { outbox: [...WELL.outbox, FILE] }, /the file report.md 0 times, not 1/],
  [
    'a file twice',
    { outbox: [...WELL.outbox, FILE], files: ['report.md', 'report.md'] },
    /the file report.md 2 times, not 1/,
  ],
  ['a card twice', { outbox: [...WELL.outbox, CARD, { ...CARD, id: 10, effectId: 'two' }] }, /shows card in/],
  [
    'what Slack refused',
    { outbox: [...WELL.outbox, { ...SAY, id: 10, state: 'refused' }] },
    /say 10 .* refused/,
  ],
  ['a bot that ends by itself', { ended: ['bot-1 ended by itself: 1'] }, /by itself/],
  [
    'a capture twice',
    { said: [NOTE, CAPTURE], entries: [ENTRY, { ...MESSAGE, seq: 2 }, { ...MESSAGE, seq: 3 }] },
    /captured tokM .* 2 times/,
  ],
  [
    'an edit that is lost',
    { said: [NOTE, { ...CAPTURE, kind: 'corrected' }], entries: [ENTRY, { ...MESSAGE, seq: 2 }] },
    /corrected tokM .* 0 times/,
  ],
  ['what never ends', { unsettled: 'inbox command' }, /does not settle/],
])('sees %s', (_, change, expected) => {
  expect(violations({ ...WELL, ...change }).join('\n')).toMatch(expected);
});

it.each<[Partial<Said>, string | undefined, readonly [number, number]]>([
  [{}, 'done', [1, 1]],
  [{ acked: false, told: '' }, 'done', [1, 1]],
  [{ acked: false, told: '' }, undefined, [0, 0]],
  [{ told: 'kept on disk' }, undefined, [1, 1]],
  [{ told: 'This was *not recorded*' }, undefined, [0, 0]],
  [{ told: 'This may not have been recorded' }, undefined, [0, 1]],
  [{ told: ':no_entry: There is no such status' }, 'done', [0, 0]],
  [{ told: 'You have just joined.\n:no_entry: There is no such status' }, 'done', [0, 0]],
  [{ told: ':warning: Noted, but nobody was paged' }, 'done', [1, 1]],
  [{ told: ':no_entry: *refused*, and will not be done unless it has begun already' }, 'done', [0, 1]],
  [{ told: ':no_entry: *refused*, and will not be done unless it has begun already' }, 'refused', [0, 0]],
  [{}, 'expired', [0, 0]],
])('what a person was told sets the bounds: %j, row %s', (said, inbox, expected) => {
  expect(bounds({ ...NOTE, ...said }, inbox)).toEqual(expected);
});
