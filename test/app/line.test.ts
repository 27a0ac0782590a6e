import { readLine, type Vocabulary } from '../../src/app/line.ts';

const VERBS: Readonly<Record<string, readonly string[]>> = {
  declare: ['new', 'open', 'create'],
  list: ['ls'],
  help: ['?'],
  oncall: [],
  status: [],
  severity: ['sev'],
  role: ['assign'],
  lead: ['commander', 'ic'],
  resolve: ['resolved', 'close'],
  cancel: [],
  note: [],
  update: [],
  db: ['diagnose'],
  escalate: ['page'],
  action: ['task', 'followup'],
  rollback: [],
  run: ['runbook'],
  milestone: [],
  timeline: [],
  postmortem: ['pm', 'export'],
  catchup: [],
  duplicate: [],
};
const ANYWHERE = ['declare', 'list', 'help', 'oncall'];
const vocabulary: Vocabulary = {
  verbs: new Map(
    Object.entries(VERBS).flatMap(([verb, aliases]) =>
      [verb, ...aliases].map((word) => [word, verb] as const),
    ),
  ),
  placed: new Set(Object.keys(VERBS).filter((verb) => !ANYWHERE.includes(verb))),
  severities: ['sev1', 'sev2', 'sev3', 'sev4', 'sev5'],
  statuses: ['investigating', 'identified', 'mitigated', 'resolved'],
  roles: ['commander', 'deputy', 'scribe', 'customer-liaison'],
};
const X = '<@U0X>';

const read = (text: string, inIncident = true, words = vocabulary): string => {
  const { verb, rest } = readLine(text, words, { inIncident });
  return rest === '' ? verb : `${verb} ${rest}`;
};

describe('a typed line', () => {
  it.each([
    // the verb
    ['', 'help'],
    ['  RESOLVE  rolled back ', 'resolve rolled back'],
    ['note: customers see an empty page', 'note customers see an empty page'],
    ['Please resolve', 'resolve'],
    ['please, set severity sev1', 'severity sev1'],
    // severity
    ['set severity sev1', 'severity sev1'],
    ['set severity to sev1', 'severity sev1'],
    ['set the severity to 2', 'severity 2'],
    ['change sev to p2', 'sev p2'],
    ['severity to 2', 'severity 2'],
    ['severity: sev1', 'severity sev1'],
    ['severity=sev1', 'severity sev1'],
    ['severity = sev1', 'severity sev1'],
    ['severity inc-3 to sev1', 'severity inc-3 sev1'],
    ['sev1', 'severity sev1'],
    ['SEV1', 'severity sev1'],
    ['sev-1', 'severity sev1'],
    ['p1', 'severity sev1'],
    ['make it sev1', 'severity sev1'],
    ['sev9', 'severity sev9'],
    // status
    ['change status to mitigated', 'status mitigated'],
    ['status = mitigated', 'status mitigated'],
    ['status as mitigated rolled back', 'status mitigated rolled back'],
    ['Mitigated', 'status mitigated'],
    ['identified a bad migration', 'status identified a bad migration'],
    ['mitigated: rolled back', 'status mitigated rolled back'],
    ['mitigate', 'status mitigated'],
    ['mark this as mitigated', 'status mitigated'],
    ['mark resolved', 'resolved'],
    ['mark as resolved rolled back', 'resolved rolled back'],
    ['resolved rolled back', 'resolved rolled back'],
    // roles
    [`role scribe ${X}`, `role scribe ${X}`],
    [`role ${X} scribe`, `role scribe ${X}`],
    [`assign ${X} scribe`, `role scribe ${X}`],
    [`assign scribe to ${X}`, `role scribe ${X}`],
    [`assign ${X} as scribe`, `role scribe ${X}`],
    [`make ${X} the scribe`, `role scribe ${X}`],
    [`${X} is scribe`, `role scribe ${X}`],
    [`scribe ${X}`, `role scribe ${X}`],
    [`Scribe: <@U0X|dba>`, `role scribe <@U0X|dba>`],
    [`set customer liaison to ${X}`, `role customer-liaison ${X}`],
    [`role inc-3 ${X} scribe`, `role inc-3 scribe ${X}`],
    ['make me scribe', 'role scribe me'],
    [`make ${X} ic`, `lead ${X}`],
    ['lead me', 'lead me'],
    ['lead', 'lead'],
    // the number first
    ['inc-3 resolve rolled back', 'resolve inc-3 rolled back'],
    ['#3 status', 'status #3'],
    ['#3', 'status #3'],
    ['inc-3: mitigated', 'status inc-3 mitigated'],
    ['inc-3 sev1', 'severity inc-3 sev1'],
    [`inc-3 ${X} is scribe`, `role inc-3 scribe ${X}`],
    ['inc-3 duplicate inc-4', 'duplicate inc-3 inc-4'],
    // two words
    ['on call', 'oncall'],
    ['on-call', 'oncall'],
    ['catch up', 'catchup'],
    ['roll back 17_cleanup shop', 'rollback 17_cleanup shop'],
    ['Post-Mortem inc-3', 'postmortem inc-3'],
    ['time line 2', 'timeline 2'],
    ['follow up: test migrations', 'followup test migrations'],
    ['false alarm, a test query', 'cancel false alarm, a test query'],
    ['false-alarm', 'cancel false-alarm'],
  ])('`%s` is read as `%s`', (typed, understood) => {
    expect(read(typed)).toBe(understood);
  });

  it.each([
    'resolve to be sure, we wait',
    'status as of now?',
    'severity to be told',
    'status inc-3 mitigated rolled back',
    'note set severity to sev1',
    `note ${X} is scribe`,
    `${X} is scribe until ten`,
    `${X} is on holiday`,
    'declare #5 of the shops is down',
    'declare sev1 on call list is empty',
    '#5 of the shops is down',
    '#5 declare it is down',
    'inc-3 help',
    'inc-3 sev1 it is down',
    'sev1 order status page is down',
    'make resolve faster',
    'make the db read only',
    'change the list to all',
    'set sev1 order status page is down',
    'please',
    'please look at this',
    'order status page is down',
    'p99 is high',
    'false alarms again',
    'false hope',
    'run book first',
    'on it',
    'scribe',
    'http://example.com/a=b',
    'note=x',
  ])('`%s` stays as it was typed', (typed) => {
    // The first word of what is no verb is shown in lower case, as verbs are.
    expect(read(typed)).toBe(typed.replace(/^\S+/, (word) => word.toLowerCase()));
  });

  it('with a severity before a title declares, but not from within an incident', () => {
    const typed = 'SEV-1 order status page\nis  down';
    expect(read(typed, false)).toBe('declare sev1 order status page\nis  down');
    expect(readLine(typed, vocabulary, { inIncident: true })).toEqual({
      verb: 'sev-1',
      rest: 'order status page\nis  down',
    });
  });

  it('keeps its line breaks', () => {
    expect(readLine(' update  one\n\n  two\n', vocabulary, { inIncident: true })).toEqual({
      verb: 'update',
      rest: 'one\n\n  two',
    });
    expect(read('inc-3 update one\ntwo')).toBe('update inc-3 one\ntwo');
  });

  it('knows the names of the configuration, and none but those', () => {
    const own = {
      ...vocabulary,
      severities: ['critical', 'p2'],
      statuses: ['triage', 'Fixed'],
      roles: ['ops-lead'],
    };
    expect(read('critical', true, own)).toBe('severity critical');
    expect(read('sev2', true, own)).toBe('severity p2');
    expect(read('severity to Critical', true, own)).toBe('severity Critical');
    expect(read('fixed it is over', true, own)).toBe('status Fixed it is over');
    expect(read(`${X} is ops lead`, true, own)).toBe(`role ops-lead ${X}`);
    expect(read('mitigated', true, own)).toBe('mitigated');
    expect(read(`scribe ${X}`, true, own)).toBe(`scribe ${X}`);
  });

  it('without the verb that a form stands for is left alone', () => {
    const none = { ...vocabulary, verbs: new Map([['note', 'note']]) };
    for (const typed of ['sev1', 'mitigated', `scribe ${X}`, 'false alarm', 'on call', '#3'])
      expect(read(typed, true, none)).toBe(typed);
  });
});
