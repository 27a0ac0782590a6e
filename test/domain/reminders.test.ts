import { decide } from '../../src/domain/decide.ts';
import type { Incident } from '../../src/domain/incident.ts';
import type { Declaration, Intent } from '../../src/domain/intents.ts';
import { DEFAULT_POLICY, type Policy } from '../../src/domain/policy.ts';
import type { ReminderKind } from '../../src/domain/reminders.ts';
import {
  accepted,
  answer,
  COMMANDER,
  DBA,
  declared,
  lead,
  liveIn,
  minute,
  ONCALL,
  page,
  play,
  reopen,
  resolve,
  type Step,
  start,
} from './play.ts';

const HOUR = 60;
const DAY = 24 * HOUR;
const remind: Intent = { kind: 'remind' };
const update: Intent = { kind: 'update', by: ONCALL, text: 'still looking' };
const status = (to: 'investigating' | 'identified' | 'mitigated'): Intent => ({
  kind: 'status',
  by: ONCALL,
  to,
});
const severity = (to: string): Intent => ({ kind: 'severity', by: ONCALL, to });
const snooze = (minutes: number): Intent => ({ kind: 'snooze', by: ONCALL, seconds: minutes * 60 });
const dismiss: Intent = { kind: 'dismiss', by: ONCALL };
const exported: Intent = { kind: 'record', by: ONCALL, entry: 'export', text: 'Postmortem exported' };
const archive: Intent = { kind: 'archive', by: ONCALL };

/**
 * What the bot says of its own accord until `until`, as `30 update-due`: it looks when the incident says that it
 * should, and people do what they do in between.
 */
function reminded(
  until: number,
  steps: readonly Step[] = [],
  wish: Partial<Declaration> = {},
  policy: Policy = DEFAULT_POLICY,
): readonly string[] {
  const said: string[] = [];
  let { incident } = declared(wish, policy);
  const look = (before: number): void => {
    for (let at = minutesOf(incident); at !== undefined && at < before; at = minutesOf(incident)) {
      const made = accepted(decide(incident, remind, minute(at), policy));
      const posted = made.incident.reminders.last;
      if (posted !== incident.reminders.last && posted) said.push(`${at} ${posted.kind}`);
      // A look that changes nothing would be looked at for ever.
      expect(minutesOf(made.incident)).not.toBe(at);
      incident = made.incident;
    }
  };
  for (const [at, intent] of steps) {
    look(at);
    incident = accepted(decide(incident, intent, minute(at), policy)).incident;
  }
  look(until);
  return said;
}

const minutesOf = ({ reminders: { nextAt } }: Incident): number | undefined =>
  nextAt && (nextAt.getTime() - start.getTime()) / 60_000;

type Case = readonly [
  what: string,
  until: number,
  steps: readonly Step[],
  said: readonly string[],
  wish?: Partial<Declaration>,
];

describe('what is reminded of, and when', () => {
  const cases: readonly Case[] = [
    [
      'nobody leads: after 5 minutes, then twice as late each time',
      50,
      [],
      [
        '5 roles-unclaimed',
        '10 roles-unclaimed',
        '20 roles-unclaimed',
        '30 update-due',
        '40 roles-unclaimed',
      ],
    ],
    [
      'an update by the severity: 30 minutes for sev2, then each 30',
      70,
      [[1, lead]],
      ['30 update-due', '60 update-due'],
    ],
    [
      'an update by the severity: 2 hours for sev3',
      3 * HOUR,
      [[1, lead]],
      ['120 update-due'],
      { severity: 'sev3' },
    ],
    [
      'no update for sev4, but a status that stands still for days',
      6 * DAY,
      [[1, lead]],
      ['7200 status-stale'],
      { severity: 'sev4' },
    ],
    ['nothing for sev5 that somebody leads', 30 * DAY, [[1, lead]], [], { severity: 'sev5' }],
    [
      'an update begins its time anew',
      60,
      [
        [1, lead],
        [25, update],
      ],
      ['55 update-due'],
    ],
    [
      'so does a change of status, which is told to all',
      60,
      [
        [1, lead],
        [25, status('identified')],
      ],
      ['55 update-due'],
    ],
    [
      'a status that stands still though updates come',
      5 * HOUR,
      [[1, lead], ...Array.from({ length: 14 }, (_, each): Step => [20 * (each + 1), update])],
      ['240 status-stale'],
    ],
    [
      'one at a time: what is due next takes the place of the one that is open, and that one comes again',
      100,
      [],
      [
        '5 roles-unclaimed',
        '10 roles-unclaimed',
        '20 roles-unclaimed',
        '30 update-due',
        '40 roles-unclaimed',
        '60 update-due',
        '80 roles-unclaimed',
      ],
    ],
    [
      'what is overdue comes once the open one has happened',
      50,
      [[45, lead]],
      [
        '5 roles-unclaimed',
        '10 roles-unclaimed',
        '20 roles-unclaimed',
        '30 update-due',
        '40 roles-unclaimed',
      ],
    ],
    [
      'a status that goes back leaves the call for a leader open',
      12,
      [
        [6, status('identified')],
        [7, status('investigating')],
      ],
      ['5 roles-unclaimed', '10 roles-unclaimed'],
    ],
    [
      'a worse severity asks earlier',
      60,
      [
        [1, lead],
        [20, severity('sev1')],
      ],
      ['30 update-due'],
      { severity: 'sev3' },
    ],
    [
      'a worse severity asks at once when it is late by it',
      60,
      [
        [1, lead],
        [40, severity('sev1')],
      ],
      ['40 update-due'],
      { severity: 'sev3' },
    ],
    [
      'a milder severity takes an early reminder back',
      130,
      [
        [1, lead],
        [31, severity('sev3')],
      ],
      ['30 update-due', '120 update-due'],
    ],
    [
      'a severity without updates takes it back for good',
      DAY,
      [
        [1, lead],
        [31, severity('sev5')],
      ],
      ['30 update-due'],
    ],
    [
      'a snooze puts it off, and only then it comes again',
      60,
      [
        [1, lead],
        [31, snooze(15)],
      ],
      ['30 update-due', '46 update-due'],
    ],
    [
      'a snooze that ends while it is not due waits until it is',
      100,
      [
        [1, lead],
        [31, snooze(15)],
        [40, update],
      ],
      ['30 update-due', '70 update-due'],
    ],
    [
      'what is snoozed lets another one through',
      40,
      [[6, snooze(HOUR)]],
      ['5 roles-unclaimed', '30 update-due'],
    ],
    [
      'a repeat that is snoozed is put off too',
      80,
      [
        [1, lead],
        [61, snooze(15)],
      ],
      ['30 update-due', '60 update-due', '76 update-due'],
    ],
    [
      'after a snooze it is the first one again',
      35,
      [[11, snooze(10)]],
      ['5 roles-unclaimed', '10 roles-unclaimed', '21 roles-unclaimed', '30 update-due'],
    ],
    [
      'what is dismissed comes no more, others do',
      61,
      [[6, dismiss]],
      ['5 roles-unclaimed', '30 update-due', '60 update-due'],
    ],
    [
      'what is dismissed is asked for again after a reopen',
      4 * HOUR,
      [
        [1, lead],
        [31, dismiss],
        [40, resolve],
        [50, reopen],
      ],
      ['30 update-due', '80 update-due', '110 update-due', '170 update-due'],
    ],
    ['nothing while it is resolved, but for the postmortem', 3 * DAY, [[6, resolve]], ['5 roles-unclaimed']],
    [
      'a postmortem after days, and each day',
      8 * DAY,
      [[0, resolve]],
      [`${5 * DAY} postmortem-missing`, `${6 * DAY} postmortem-missing`, `${7 * DAY} postmortem-missing`],
    ],
    [
      'a postmortem that was exported',
      9 * DAY,
      [
        [0, resolve],
        [DAY, exported],
      ],
      [],
    ],
    [
      'a postmortem that was exported before the end is a draft',
      5 * DAY + 50,
      [
        [1, lead],
        [10, exported],
        [20, resolve],
      ],
      [`${5 * DAY + 20} postmortem-missing`],
    ],
    [
      'the end, said to have been earlier, does not move the postmortem',
      5 * DAY + 2,
      [
        [1, resolve],
        [DAY, { kind: 'milestone', by: ONCALL, name: 'resolved', at: minute(0) }],
      ],
      [`${5 * DAY + 1} postmortem-missing`],
    ],
    ['no postmortem of a mild one', 30 * DAY, [[0, resolve]], [], { severity: 'sev3' }],
    ['no postmortem of a false alarm', 30 * DAY, [[0, { kind: 'cancel', by: ONCALL, reason: 'a test' }]], []],
    ['no postmortem of a drill', 30 * DAY, [[0, resolve]], [], { kind: 'drill' }],
    [
      'a drill is led, and updates are given in it',
      40,
      [[6, lead]],
      ['5 roles-unclaimed', '30 update-due'],
      { kind: 'drill' },
    ],
    [
      'what is told afterwards: its postmortem alone',
      6 * DAY,
      [],
      [`${5 * DAY} postmortem-missing`],
      { kind: 'retrospective' },
    ],
    [
      'what is told afterwards is not hurried when it is opened again',
      4 * DAY,
      [[1, reopen]],
      [],
      { kind: 'retrospective' },
    ],
    [
      'nothing in an archived channel',
      30 * DAY,
      [
        [0, resolve],
        [1, archive],
      ],
      [],
    ],
    [
      'a channel that was archived in Slack, until it is brought back',
      40,
      [
        [1, { kind: 'channel-archived', by: DBA, archived: true }],
        [31, { kind: 'channel-archived', by: DBA, archived: false }],
        [32, lead],
      ],
      ['31 roles-unclaimed', '32 update-due'],
    ],
    [
      'a reopened one begins anew: there is time to become its leader',
      DAY + 12,
      [
        [1, resolve],
        [DAY, reopen],
      ],
      [`${DAY + 5} roles-unclaimed`, `${DAY + 10} roles-unclaimed`],
    ],
    [
      'a reopened one with a leader: the time to an update begins anew',
      DAY + 40,
      [
        [1, lead],
        [2, resolve],
        [DAY, reopen],
      ],
      [`${DAY + 30} update-due`],
    ],
    [
      'a reopened one whose status moves on: still time to become its leader',
      DAY + 6,
      [
        [1, resolve],
        [DAY, reopen],
        [DAY + 1, status('identified')],
      ],
      [`${DAY + 5} roles-unclaimed`],
    ],
  ];

  test.each(cases.map(([what, until, steps, said, wish = {}]) => [what, until, steps, said, wish] as const))(
    '%s',
    (_what, until, steps, expected, wish) => {
      expect(reminded(until, steps, wish)).toEqual(expected);
    },
  );

  test('by the waits of the configuration', () => {
    const policy: Policy = {
      ...DEFAULT_POLICY,
      severities: [{ name: 'critical', meaning: 'all is down', updateEvery: 600 }],
      reminders: { unclaimedAfter: 60 },
    };
    const steps: readonly Step[] = [[2.5, lead]];
    expect(reminded(21, steps, { severity: 'critical' }, policy)).toEqual([
      '1 roles-unclaimed',
      '2 roles-unclaimed',
      '10 update-due',
      '20 update-due',
    ]);
  });

  test('nothing by a severity that was taken out of the configuration, but a leader', () => {
    const { incident } = play(declared().incident, [[1, lead]], { ...DEFAULT_POLICY, severities: [] });
    expect(incident.reminders.nextAt).toBeUndefined();
  });
});

describe('a reminder', () => {
  const due = play(declared().incident, [[5, remind]]);
  const shownIn = ({ effects }: Pick<typeof due, 'effects'>) => liveIn(effects, 'reminder');

  test('is posted once, and is no entry of the timeline', () => {
    expect(due.incident.reminders.last).toEqual({
      number: 1,
      kind: 'roles-unclaimed',
      at: minute(5),
      state: { kind: 'open' },
    });
    expect([shownIn(due), due.entries]).toEqual([[1], []]);
    const again = play(due.incident, [[5, remind]]);
    expect(again).toEqual({ ok: true, incident: due.incident, entries: [], effects: [], timers: [] });
  });

  test('is not posted before it is due', () => {
    expect(play(declared().incident, [[4.9, remind]]).effects).toEqual([]);
  });

  test('that is repeated takes the buttons from the one before', () => {
    const repeated = play(due.incident, [[10, remind]]);
    expect(repeated.incident.reminders.last).toMatchObject({ number: 2, state: { kind: 'open' } });
    expect(shownIn(repeated)).toEqual([1, 2]);
  });

  test('leaves what was answered as it is when the next one comes', () => {
    expect(
      shownIn(
        play(due.incident, [
          [6, snooze(HOUR)],
          [30, remind],
        ]),
      ),
    ).toEqual([2]);
  });

  test('ends when what it asks for happens, whoever does it, and says so before all else', () => {
    const led = play(due.incident, [[6, lead]]);
    expect(led.incident.reminders.last).toMatchObject({ number: 1, state: { kind: 'done' } });
    expect(led.effects[0]).toMatchObject({ subject: { kind: 'reminder', reminder: 1 } });
  });

  test('stays open while something else happens', () => {
    const paged = play(due.incident, [
      [6, page],
      [7, answer('acknowledged')],
      [8, update],
    ]);
    expect(paged.incident.reminders.last?.state).toEqual({ kind: 'open' });
    expect(shownIn(paged)).toEqual([]);
  });

  test('ends with the incident, before its channel is archived', () => {
    const missing = play(declared().incident, [
      [0, resolve],
      [5 * DAY, remind],
    ]);
    const archived = play(missing.incident, [[5 * DAY + 1, archive]]);
    expect(shownIn(archived)).toEqual([1]);
    expect(archived.effects.at(-1)).toEqual({ kind: 'archive', incident: 1 });
    expect(archived.incident.reminders.nextAt).toBeUndefined();
  });

  test('that was put off or turned off is written down, with who did', () => {
    const put = play(due.incident, [[6, snooze(15)]]);
    expect(put.entries).toMatchObject([
      {
        kind: 'reminder',
        actor: ONCALL,
        text: 'Reminder roles-unclaimed put off until 2026-06-03 10:21:00 UTC',
      },
    ]);
    expect(put.incident.reminders.last?.state).toEqual({ kind: 'snoozed', by: ONCALL, until: minute(21) });
    const off = play(due.incident, [[6, dismiss]]);
    expect(off.entries).toMatchObject([{ text: 'Reminder roles-unclaimed turned off for this incident' }]);
    expect(off.incident.reminders).toMatchObject({
      dismissed: ['roles-unclaimed'],
      last: { state: { kind: 'dismissed', by: ONCALL } },
    });
    expect([shownIn(put), shownIn(off)]).toEqual([[1], [1]]);
  });

  test.each([
    ['none was posted', declared().incident],
    ['it was answered by another', play(due.incident, [[6, dismiss]]).incident],
    ['it has happened', play(due.incident, [[6, lead]]).incident],
  ])('cannot be put off when %s', (_what, incident) => {
    for (const intent of [snooze(15), { ...dismiss, by: COMMANDER } as Intent])
      expect(decide(incident, intent, minute(7))).toMatchObject({ code: 'NO_REMINDER' });
  });
});

test.each<readonly [ReminderKind, Step]>([
  ['update-due', [31, update]],
  ['status-stale', [241, status('mitigated')]],
  ['postmortem-missing', [5 * DAY + 1, exported]],
])('%s is done once it has happened', (kind, step) => {
  const before: Readonly<Record<string, readonly Step[]>> = {
    'update-due': [
      [1, lead],
      [30, remind],
    ],
    'status-stale': [
      [1, lead],
      [220, update],
      [240, remind],
    ],
    'postmortem-missing': [
      [0, resolve],
      [5 * DAY, remind],
    ],
  };
  const open = play(declared().incident, before[kind] ?? []).incident;
  expect(open.reminders.last).toMatchObject({ kind, state: { kind: 'open' } });
  expect(play(open, [step]).incident.reminders.last?.state).toEqual({ kind: 'done' });
});
