import { decide } from '../../src/domain/decide.ts';
import type { Declaration, Intent } from '../../src/domain/intents.ts';
import { DEFAULT_POLICY, type Policy } from '../../src/domain/policy.ts';
import {
  accepted,
  BOSS,
  COMMANDER,
  declared,
  minute,
  ONCALL,
  play,
  reopen,
  resolve,
  type Step,
} from './play.ts';

const policy: Policy = { ...DEFAULT_POLICY, stakeholderChannel: 'C0SUPPORT' };
const update: Intent = { kind: 'update', by: ONCALL, text: 'a rollback runs' };
const impact: Intent = { kind: 'account', by: BOSS, account: 'impact', text: 'nobody sees an order status' };
const status = (to: 'identified' | 'mitigated', message?: string): Intent => ({
  kind: 'status',
  by: ONCALL,
  to,
  ...(message === undefined ? {} : { message }),
});

/** What support reads of the last of the steps. */
function told(
  steps: readonly Step[],
  wish: Partial<Declaration> = {},
  by: Policy = policy,
): readonly string[] {
  const { effects } = play(declared(wish, by).incident, steps, by);
  return effects.flatMap((each) =>
    each.kind === 'say' && each.to.kind === 'stakeholders' ? [each.text] : [],
  );
}

describe('support', () => {
  test.each<readonly [string, readonly Step[], string]>([
    [
      'of an update with what users notice and when the next one comes',
      [
        [1, impact],
        [10, update],
      ],
      '*order status page is down*: We are looking into it.\nWhat users notice: nobody sees an order status\na rollback runs\nNext update by 2026-06-03 10:40:00 UTC.',
    ],
    [
      'of a known cause',
      [[5, status('identified')]],
      '*order status page is down*: We know the cause and are working on it.\nNext update by 2026-06-03 10:35:00 UTC.',
    ],
    [
      'of a relief, with the words that came with it',
      [[5, status('mitigated', 'orders show again')]],
      '*order status page is down*: Users should be fine again; we are watching.\norders show again\nNext update by 2026-06-03 10:35:00 UTC.',
    ],
    [
      'of the end, after which nothing is to come',
      [[5, resolve]],
      '*order status page is down*: It is over.\nrolled back',
    ],
    [
      'of a word after the end',
      [
        [5, resolve],
        [9, update],
      ],
      '*order status page is down*: It is over.\na rollback runs',
    ],
    [
      'of a false alarm',
      [[5, { kind: 'cancel', by: ONCALL, reason: 'a test' }]],
      '*order status page is down*: It was a false alarm: nothing was wrong.',
    ],
    [
      'where news comes of a duplicate',
      [[5, { kind: 'duplicate', by: ONCALL, of: 3 }]],
      '*order status page is down*: It is the same as incident 3; news comes there.',
    ],
    [
      'that it is not over after all',
      [
        [5, resolve],
        [60, reopen],
      ],
      '*order status page is down*: We are looking into it.\nNext update by 2026-06-03 11:30:00 UTC.',
    ],
  ])('reads %s', (_what, steps, text) => {
    expect(told(steps)).toEqual([text]);
  });

  test.each<readonly [string, Intent, string]>([
    ['an update', update, 'We are looking into it.\na rollback runs (said 2026-06-03 10:00:00 UTC)'],
    [
      'a status',
      status('identified'),
      'We know the cause and are working on it. (said 2026-06-03 10:00:00 UTC)',
    ],
  ])(
    'reads when %s was said that is taken up late, and is promised no time that is over',
    (_, intent, text) => {
      const { incident } = declared({}, policy);
      const { effects } = accepted(decide(incident, intent, minute(40), policy, minute(0)));
      expect(effects.find((each) => each.kind === 'say' && each.to.kind === 'stakeholders')).toMatchObject({
        text: `*order status page is down*: ${text}`,
      });
    },
  );

  test('is promised no update where the severity asks for none', () => {
    expect(told([[1, update]], { severity: 'sev4' })[0]).not.toContain('Next update');
  });

  test('takes no drill for the real thing', () => {
    expect(told([[1, update]], { kind: 'drill' })[0]).toMatch(/^\*DRILL, nothing is wrong:\* /);
  });

  test.each<readonly [string, Partial<Declaration>, Policy]>([
    ['of a private incident', { private: true }, policy],
    ['of what is told afterwards', { kind: 'retrospective' }, policy],
    ['where no channel is named', {}, DEFAULT_POLICY],
  ])('reads nothing %s', (_what, wish, by) => {
    const steps: readonly Step[] =
      wish.kind === 'retrospective'
        ? [[1, update]]
        : [
            [1, update],
            [2, resolve],
          ];
    expect(told(steps, wish, by)).toEqual([]);
  });

  test('reads nothing of how people work: roles, notes, severity, pages', () => {
    for (const intent of [
      { kind: 'role', by: COMMANDER, role: 'commander', user: COMMANDER },
      { kind: 'note', by: ONCALL, text: 'a lock', at: minute(-1) },
      { kind: 'severity', by: ONCALL, to: 'sev1' },
      impact,
    ] satisfies readonly Intent[])
      expect(told([[1, intent]])).toEqual([]);
  });
});
