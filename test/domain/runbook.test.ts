import fc from 'fast-check';
import { bindRunbook, fillIn, flatSteps, type Runbook, type RunbookStep } from '../../src/domain/runbook.ts';
import {
  fits,
  type Param,
  type ParamType,
  problemsOf,
  samplesOf,
  valuesOf,
} from '../../src/domain/runbook-params.ts';

const param = (type: ParamType, more: Partial<Param> = {}): Param => ({
  type,
  required: true,
  description: `a ${type}`,
  ...more,
});
const step = (name: string, more: Partial<RunbookStep> = {}): RunbookStep => ({
  name,
  kind: 'look',
  risk: 'read',
  with: {},
  ...more,
});
const book = (params: Runbook['params'], ...steps: readonly RunbookStep[]): Runbook => ({
  name: 'book',
  title: 'Book',
  summary: 'A book.',
  params,
  steps,
});
const bound = (runbook: Runbook, given: Record<string, string> = {}) => {
  const result = bindRunbook(runbook, given);
  if (!result.ok) throw new Error(result.code);
  return result;
};

describe('a value', () => {
  it.each([
    ['text', ['a', 'two\nlines'], ['', 'a\0', 'x'.repeat(1001)]],
    [
      'table',
      ['orders', 'public.orders', 'Odd "name"', 'robert"); drop table students;--', 'ä'.repeat(31)],
      ['', 'a.b.c', '.a', 'a.', 'a\0', 'ä'.repeat(32)],
    ],
    ['migration', ['1717_cleanup'], ['', 'two words', "it's"]],
    ['session', ['17'], ['0', '-1', '1.5', 'x']],
    ['number', ['0', '17'], ['-1', '1.5', 'x', '']],
    ['database', ['shop', 'shop-2'], ['', 'Shop', 'a b']],
    ['duration', ['30s', '5m', '2h'], ['', '5', 'soon', '0s']],
    ['user', ['U0123', '<@W0123>', '<@U0123|ann>'], ['ann', '@ann', '<@ann>']],
  ] as const)('of type %s', (type, right, wrong) => {
    for (const value of right) expect([value, fits(param(type), value)]).toEqual([value, true]);
    for (const value of wrong) expect([value, fits(param(type), value)]).toEqual([value, false]);
    for (const sample of samplesOf(param(type))) expect(fits(param(type), String(sample))).toBe(true);
  });

  it('of a choice is one of its options', () => {
    const choice = param('choice', { options: ['quiet', 'loud'] });
    expect(['quiet', 'Loud', ''].map((value) => fits(choice, value))).toEqual([true, false, false]);
    expect(samplesOf(choice)).toEqual(['quiet', 'loud']);
  });

  it('is a number where its type is one, and the id of a user', () => {
    const params = {
      pid: param('session'),
      n: param('number'),
      who: param('user'),
      pause: param('duration'),
    };
    const values = valuesOf(params, { pid: '7', n: '0', who: '<@U012|ann>', pause: '5m' });
    expect(Object.fromEntries(values)).toEqual({ pid: 7, n: 0, who: 'U012', pause: '5m' });
  });
});

describe('what was given', () => {
  const params = {
    table: param('table'),
    n: param('number', { required: false }),
    db: param('database', { required: false }),
  };

  it('is refused parameter by parameter, all at once', () => {
    const problems = problemsOf(
      { name: 'book', params },
      { n: 'x', speed: '1', db: 'bank' },
      { targets: ['shop'] },
    );
    expect([...problems].map(([name, { code }]) => [name, code])).toEqual([
      ['speed', 'PARAM_UNKNOWN'],
      ['table', 'PARAM_MISSING'],
      ['n', 'PARAM_WRONG'],
      ['db', 'UNKNOWN_TARGET'],
    ]);
    expect(problemsOf({ name: 'book', params }, { table: 'a', db: 'shop' }, { targets: ['shop'] }).size).toBe(
      0,
    );
  });

  it('is completed by the defaults, also in the title', () => {
    const runbook = {
      ...book({ pause: param('duration', { required: false, default: '5m' }), table: params.table }),
      title: 'Wait {{pause}} for {{ table }}',
    };
    expect(bound(runbook, { table: 'a\n b' })).toMatchObject({
      title: 'Wait 5m for a b',
      params: { pause: '5m', table: 'a\n b' },
    });
    expect(bound(runbook, { table: 'a', pause: '1s' }).title).toBe('Wait 1s for a');
  });
});

describe('references', () => {
  it('stand for whole values, also within a list or a record, and for nothing else', () => {
    const values = new Map<string, string | number>([
      ['a', 1],
      ['b', 'x'],
    ]);
    const wanted = {
      one: '{{a}}',
      list: ['{{b}}', 'c', '{{none}}'],
      record: { in: '{{ b }}', out: '{{none}}', deep: ['{{a}}'] },
      text: 'an {{a}}',
      left: '{{none}}',
    };
    expect(fillIn(wanted, values)).toEqual({
      one: 1,
      list: ['x', 'c', null],
      record: { in: 'x', deep: ['{{a}}'] },
      text: 'an {{a}}',
    });
  });

  it('are never read in a value that was given', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constant('{{b}}')), (value) => {
        const values = new Map([
          ['a', value],
          ['b', 'secret'],
        ]);
        expect(fillIn({ one: '{{a}}', list: ['{{a}}'] }, values)).toEqual({ one: value, list: [value] });
      }),
    );
  });
});

describe('a step', () => {
  const params = {
    table: param('table', { required: false }),
    mode: param('choice', { options: ['quiet', 'loud'], required: false, default: 'quiet' }),
  };
  const skipped = (when: NonNullable<RunbookStep['when']>, given: Record<string, string> = {}) =>
    bound(book(params, step('one', { when })), given).steps[0]?.skipped;

  it.each([
    ['table', {}, true],
    ['table', { table: 'a' }, false],
    [{ param: 'table' }, {}, true],
    [{ param: 'mode', is: 'quiet' }, {}, false],
    [{ param: 'mode', is: 'quiet' }, { mode: 'loud' }, true],
    [['table', { param: 'mode', is: 'loud' }], { table: 'a' }, true],
    [['table', { param: 'mode', is: 'loud' }], { table: 'a', mode: 'loud' }, false],
  ] as const)('is skipped by its parameters: %j with %j', (when, given, expected) => {
    expect(skipped(when, given)).toBe(expected);
  });

  it('keeps what depends on earlier steps for when its turn has come, and its policy', () => {
    const policy = { timeoutMs: 1000, onFailure: 'continue' } as const;
    const when = [
      { step: 'two', is: 'failed' },
      { step: 'one', is: 'done' },
    ] as const;
    const { steps } = bound(book({}, step('one', { policy }), step('two'), step('three', { when })));
    expect(steps[0]?.policy).toEqual(policy);
    expect(steps[2]).toMatchObject({
      skipped: false,
      conditions: [
        { step: 2, is: 'failed' },
        { step: 1, is: 'done' },
      ],
    });
  });
});

describe('a runbook that calls another', () => {
  const inner: Runbook = {
    ...book(
      { pid: param('session'), pause: param('duration', { required: false, default: '5m' }) },
      step('look', { with: { pid: '{{pid}}', for: '{{pause}}' } }),
      step('act', { risk: 'dangerous', when: { step: 'look', is: 'failed' } }),
    ),
    name: 'inner',
  };
  const middle: Runbook = {
    ...book(
      { who: param('session') },
      step('go', { kind: 'runbook', with: { pid: '{{who}}' }, calls: inner }),
    ),
    name: 'middle',
  };
  const outer = (more: Partial<RunbookStep> = {}): Runbook =>
    book(
      { n: param('session', { required: false }), pause: param('duration', { required: false }) },
      step('first'),
      step('call', {
        kind: 'runbook',
        with: { pid: '{{n}}', pause: '{{pause}}' },
        calls: inner,
        when: 'n',
        ...more,
      }),
      step('last', { when: { step: 'call › act', is: 'skipped' } }),
    );

  it('has the steps of that one in its place, with its defaults and its own conditions', () => {
    expect(bound(outer(), { n: '7' }).steps).toEqual([
      { name: 'first', kind: 'look', risk: 'read', input: {}, skipped: false },
      { name: 'call › look', kind: 'look', risk: 'read', input: { pid: 7, for: '5m' }, skipped: false },
      {
        name: 'call › act',
        kind: 'look',
        risk: 'dangerous',
        input: {},
        skipped: false,
        conditions: [{ step: 2, is: 'failed' }],
      },
      {
        name: 'last',
        kind: 'look',
        risk: 'read',
        input: {},
        skipped: false,
        conditions: [{ step: 3, is: 'skipped' }],
      },
    ]);
    expect(bound(outer(), { n: '7', pause: '1s' }).steps[1]?.input).toEqual({ pid: 7, for: '1s' });
    expect(flatSteps(outer()).map(({ name }) => name)).toEqual([
      'first',
      'call › look',
      'call › act',
      'last',
    ]);
  });

  it('skips all of them when the call is skipped, though what they need was not given', () => {
    expect(bound(outer()).steps.map(({ skipped }) => skipped)).toEqual([false, true, true, false]);
  });

  it('hands its own conditions on to all of them', () => {
    const when = { step: 'first', is: 'failed' } as const;
    const { steps } = bound(outer({ when, with: { pid: 7 } }));
    expect(steps.slice(1, 3).map(({ conditions }) => conditions)).toEqual([
      [{ step: 1, is: 'failed' }],
      [
        { step: 1, is: 'failed' },
        { step: 2, is: 'failed' },
      ],
    ]);
  });

  it('may call one that calls', () => {
    const top = book({}, step('top', { kind: 'runbook', with: { who: 3 }, calls: middle }));
    expect(bound(top).steps.map(({ name, input }) => [name, input])).toEqual([
      ['top › go › look', { pid: 3, for: '5m' }],
      ['top › go › act', {}],
    ]);
  });

  it('is refused when the called one would not take a value', () => {
    const wrong = outer({ with: { pid: 'many' }, when: [] });
    expect(bindRunbook(wrong, {})).toMatchObject({
      code: 'PARAM_WRONG',
      values: { param: 'pid', found: 'many' },
    });
  });
});
