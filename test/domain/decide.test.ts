import { declare } from '../../src/domain/decide/declare.ts';
import { decide } from '../../src/domain/decide.ts';
import { channelName, type Incident } from '../../src/domain/incident.ts';
import type { Intent } from '../../src/domain/intents.ts';
import {
  accepted,
  answer,
  BOSS,
  COMMANDER,
  DBA,
  declared,
  lead,
  minute,
  ONCALL,
  page,
  play,
  reopen,
  resolve,
  roster,
  saidIn,
  start,
} from './play.ts';

/** What comes of it when each intent is a minute after the one before. */
const after = (...intents: readonly Intent[]): Incident =>
  play(
    declared().incident,
    intents.map((intent, index) => [index + 1, intent] as const),
  ).incident;
const scribe = (user: string, by = user, over?: string): Intent => ({
  kind: 'role',
  by,
  role: 'scribe',
  user,
  ...(over === undefined ? {} : { over }),
});

describe('a declaration', () => {
  test.each([
    [59, []],
    [60, ['roles-unclaimed']],
  ])('that is taken up %i s after it was said puts off %j', (seconds, snoozed) => {
    const said = new Date(start.getTime() - seconds * 1000);
    const wish = { by: ONCALL, title: 'down', severity: 'sev2' };
    const { incident } = accepted(declare(1, wish, start, undefined, said));
    expect(Object.keys(incident.reminders.snoozed)).toEqual(snoozed);
  });

  test('opens the channel first, invites who declared, and pins the card after it was posted', () => {
    const { effects, entries } = declared();
    expect(effects.map(({ kind }) => kind)).toEqual([
      'create-channel',
      'invite',
      'topic',
      'live',
      'pin',
      'bookmarks',
    ]);
    expect(entries).toEqual([
      { at: start, kind: 'declared', actor: ONCALL, text: 'Declared sev2: order status page is down' },
    ]);
  });

  test('invites nobody when a terminal declared', () => {
    const { effects } = accepted(declare(1, { by: 'terminal:root@db', title: 'x', severity: 'sev1' }, start));
    expect(effects.map(({ kind }) => kind)).not.toContain('invite');
  });

  test('takes over when a monitor saw the first failure', () => {
    const detection = { by: 'monitor:x', firstFailedAt: minute(-9), detectedAt: minute(-8), text: 'red' };
    const { incident, entries } = accepted(
      declare(1, { by: ONCALL, title: 'x', severity: 'sev1', detection }, start),
    );
    expect(incident.milestones).toMatchObject({
      impact_started: { at: minute(-9), by: 'monitor:x', recordedAt: start },
      detected: { at: minute(-8) },
      declared: { at: start, by: ONCALL },
    });
    expect(entries.map(({ at }) => at)).toEqual([minute(-8), start]);
  });

  test.each([
    ['no title', ' \n\t ', 'TITLE_MISSING'],
    ['a title of control characters', '\u0000\u202e', 'TITLE_MISSING'],
    ['a long title', 'x'.repeat(201), 'TITLE_TOO_LONG'],
  ])('with %s is refused', (_what, title, code) => {
    expect(declare(1, { by: ONCALL, title, severity: 'sev1' }, start)).toMatchObject({ ok: false, code });
  });

  test('with a severity that is not configured is refused with those that are', () => {
    expect(declare(1, { by: ONCALL, title: 'x', severity: 'critical' }, start)).toEqual({
      ok: false,
      code: 'UNKNOWN_SEVERITY',
      values: { found: 'critical', known: 'sev1, sev2, sev3, sev4, sev5' },
    });
  });

  test('from a message keeps it as the first entry, at its own time and by its author', () => {
    const source = { by: DBA, text: 'orders fail', at: minute(-3), link: 'https://slack.example/p1' };
    expect(declared({ source }).entries).toMatchObject([
      { kind: 'message', actor: DBA, at: minute(-3), text: 'orders fail', link: source.link },
      { kind: 'declared', actor: ONCALL, at: start },
    ]);
  });

  test('from a message without text says that it had none', () => {
    expect(declared({ source: { by: DBA, text: ' ', at: minute(-3) } }).entries[0]?.text).toBe(
      'A message without text',
    );
  });

  test('keeps its title on one line', () => {
    expect(declared({ title: ' down\r\nsince\u2028the\tdeploy\u0000 \u202eknup ' }).incident.title).toBe(
      'down since the deploy knup',
    );
  });
});

describe("a channel's name", () => {
  test.each([
    ['order status page is down', 'inc-1-order-status-page-is-down'],
    ['Élan über café', 'inc-1-elan-uber-cafe'],
    ['orders &amp; <https://shop.test/a|the shop> for <@U012ABCDE> <!channel>', 'inc-1-orders-the-shop-for'],
    ['a &lt; b', 'inc-1-a-b'],
    ['注文が見えない', 'inc-1'],
    ['---', 'inc-1'],
    [`${'x'.repeat(73)} y`, `inc-1-${'x'.repeat(73)}`],
  ])('of %j is %s', (title, name) => {
    expect(channelName(1, title)).toBe(name);
  });
});

describe('"acknowledged"', () => {
  test('is set by the first Acknowledge of a page, and stays when somebody takes the lead', () => {
    const { milestones } = after(page, answer('acknowledged'), lead);
    expect(milestones.acknowledged).toEqual({ at: minute(2), by: DBA, recordedAt: minute(2), earlier: [] });
  });

  test('is set by the first lead, and stays when the page is acknowledged', () => {
    const { milestones } = after(page, lead, answer('acknowledged'));
    expect(milestones.acknowledged).toMatchObject({ at: minute(2), by: COMMANDER, earlier: [] });
  });

  test('is not set by a page, a refusal to come, or another role', () => {
    expect(after(page, answer('declined'), scribe(DBA, ONCALL)).milestones.acknowledged).toBeUndefined();
  });

  test('moves when a person corrects it, and keeps what it was', () => {
    const corrected = after(lead, {
      kind: 'milestone',
      by: ONCALL,
      name: 'acknowledged',
      at: minute(0.5),
    });
    expect(corrected.milestones.acknowledged).toMatchObject({
      at: minute(0.5),
      earlier: [{ at: minute(1), by: COMMANDER }],
    });
  });
});

describe('a role', () => {
  test('that nobody holds goes to who claims it; they alone read what is expected', () => {
    const { incident, effects, entries } = play(declared().incident, [[1, scribe(DBA)]]);
    expect(incident.roles).toEqual({ scribe: DBA });
    expect(entries).toMatchObject([{ kind: 'role', actor: DBA, text: `Scribe: <@${DBA}>` }]);
    const duties = effects.filter((effect) => effect.kind === 'say' && effect.to.kind === 'user');
    expect(duties).toMatchObject([{ to: { kind: 'user', id: DBA } }]);
    expect(duties).toHaveLength(1);
    expect(effects).toContainEqual({ kind: 'invite', incident: 1, users: [DBA] });
  });

  test('that somebody holds is not taken by a claim: the second of two at once is told, and offered a line', () => {
    const answered = decide(after(scribe(DBA)), scribe(ONCALL), minute(2));
    expect(answered).toMatchObject({
      ok: false,
      code: 'ROLE_HELD',
      values: { role: 'Scribe', holder: `<@${DBA}>`, name: 'scribe' },
      offers: [{ line: `role inc-1 scribe take <@${DBA}>` }],
    });
  });

  test('is taken over from whom one means, and not when it has changed hands since', () => {
    const handed = after(scribe(DBA), scribe(COMMANDER, DBA));
    expect(decide(handed, scribe(ONCALL, ONCALL, DBA), minute(3))).toMatchObject({ code: 'ROLE_HELD' });
    const taken = play(handed, [[3, scribe(ONCALL, ONCALL, COMMANDER)]]);
    expect(taken.incident.roles).toEqual({ scribe: ONCALL });
    expect(taken.entries).toMatchObject([{ text: `Scribe: <@${COMMANDER}> → <@${ONCALL}>` }]);
  });

  test('is handed over by its holder, and given away by others', () => {
    expect(after(scribe(DBA), scribe(ONCALL, DBA), scribe(BOSS, COMMANDER)).roles).toEqual({ scribe: BOSS });
  });

  test.each([
    ['of a name that is not configured', { ...scribe(DBA), role: 'wizard' }, 'UNKNOWN_ROLE'],
    ['that they hold already', scribe(DBA), 'ROLE_SAME'],
  ] as const)('%s is refused', (_what, intent, code) => {
    expect(decide(after(scribe(DBA)), intent, minute(2))).toMatchObject({ code });
  });
});

describe('what somebody says of the incident', () => {
  const account = (name: 'impact' | 'summary' | 'cause' | 'fix', text: string): Intent => ({
    kind: 'account',
    by: ONCALL,
    account: name,
    text,
  });

  test('is one line of the report each; what it was stays in the timeline', () => {
    const first = play(declared().incident, [[1, account('impact', 'no orders')]]);
    const second = play(first.incident, [[2, account('impact', 'no order status')]]);
    expect(second.incident.accounts).toEqual({ impact: 'no order status' });
    expect([first, second].flatMap(({ entries }) => entries.map(({ text }) => text))).toEqual([
      'Impact: no orders',
      'Impact: no order status',
    ]);
  });

  test.each(['', ' \n '])('is not nothing: %j', (text) => {
    for (const intent of [account('cause', text), { kind: 'update', by: ONCALL, text } as const])
      expect(decide(declared().incident, intent, minute(1))).toMatchObject({ code: 'TEXT_MISSING' });
  });

  test('when it is resolved is what fixed it; blanks are not', () => {
    expect(after(resolve).accounts).toEqual({ fix: 'rolled back' });
    expect(after({ ...resolve, message: ' ' } as Intent).accounts).toEqual({});
  });

  test('when it is asked afterwards is a fix and what is left to do', () => {
    const wrapUp: Intent = {
      kind: 'wrap-up',
      by: COMMANDER,
      fix: ' rolled back ',
      followUps: ['a test', ' ', 'an alert'],
    };
    const { incident, entries } = play(after({ kind: 'resolve', by: COMMANDER }), [[2, wrapUp]]);
    expect(incident.accounts).toEqual({ fix: 'rolled back' });
    expect(incident.actionItems.map(({ number, text }) => [number, text])).toEqual([
      [1, 'a test'],
      [2, 'an alert'],
    ]);
    expect(entries.map(({ kind }) => kind)).toEqual(['fix', 'action', 'action']);
    expect(
      decide(incident, { kind: 'wrap-up', by: COMMANDER, fix: ' ', followUps: [''] }, minute(3)),
    ).toMatchObject({
      code: 'TEXT_MISSING',
    });
  });
});

describe('an update', () => {
  const update: Intent = { kind: 'update', by: ONCALL, text: 'we are rolling back' };

  test('is said with the time of the next one, which is counted from it', () => {
    const { incident, effects } = play(declared().incident, [[20, update]]);
    expect(saidIn({ effects })[0]).toBe(
      `:loudspeaker: *Update* by <@${ONCALL}>: we are rolling back\nNext update by 2026-06-03 10:50:00 UTC`,
    );
    expect(incident.lastUpdate).toEqual({ at: minute(20), by: ONCALL, text: 'we are rolling back' });
    expect(effects).toContainEqual(expect.objectContaining({ to: { kind: 'incidents-channel' } }));
  });

  test('of what is over promises no next one', () => {
    expect(saidIn(play(after(resolve), [[2, update]]))[0]).not.toContain('Next update');
  });
});

describe('another title', () => {
  const rename = (title: string): Intent => ({ kind: 'rename', by: ONCALL, title });

  test('renames the channel, and the old one stays in the timeline', () => {
    const { incident, effects, entries } = play(declared().incident, [[1, rename('carrier\nmissing')]]);
    expect(incident.title).toBe('carrier missing');
    expect(effects).toContainEqual({ kind: 'rename-channel', incident: 1, name: 'inc-1-carrier-missing' });
    expect(entries).toMatchObject([{ text: 'Title: order status page is down → carrier missing' }]);
  });

  test.each([
    [' ', 'TITLE_MISSING'],
    ['x'.repeat(201), 'TITLE_TOO_LONG'],
    [' order status page is\ndown', 'TITLE_SAME'],
  ])('%j is refused', (title, code) => {
    expect(decide(declared().incident, rename(title), minute(1))).toMatchObject({ code });
  });

  test('of an incident whose channel is archived is refused with why', () => {
    const archived = after(resolve, { kind: 'archive', by: ONCALL });
    expect(decide(archived, rename('another'), minute(3))).toMatchObject({ code: 'CHANNEL_ARCHIVED' });
  });
});

describe('a duplicate', () => {
  const duplicate: Intent = { kind: 'duplicate', by: ONCALL, of: 7 };

  test('is cancelled with a link, and its followers are invited to the other one', () => {
    const { incident, effects, entries } = play(after(page), [[2, duplicate]]);
    expect(incident).toMatchObject({
      status: 'cancelled',
      duplicateOf: 7,
      escalations: [{ state: 'stopped' }],
    });
    expect(effects.at(-1)).toEqual({ kind: 'move-followers', incident: 7, from: 1 });
    expect(entries).toMatchObject([{ kind: 'duplicate', details: { duplicate_of: 7 } }]);
  });

  test('of itself, a second time, or of what is over is refused', () => {
    expect(decide(after(), { ...duplicate, of: 1 }, minute(1))).toMatchObject({
      code: 'DUPLICATE_OF_ITSELF',
    });
    expect(decide(after(duplicate), duplicate, minute(2))).toMatchObject({ code: 'ALREADY_DUPLICATE' });
    expect(decide(after(resolve), duplicate, minute(2))).toMatchObject({ code: 'NOT_OPEN' });
  });

  test('that is reopened is none any more', () => {
    expect(after(duplicate, reopen).duplicateOf).toBeUndefined();
  });
});

describe('an archived channel', () => {
  const archive: Intent = { kind: 'archive', by: ONCALL };
  const note: Intent = { kind: 'account', by: ONCALL, account: 'cause', text: 'a migration' };

  test('is that of an incident that is over, once', () => {
    expect(decide(declared().incident, archive, minute(1))).toMatchObject({ code: 'STILL_OPEN' });
    const { incident, effects } = play(after(resolve), [[2, archive]]);
    expect(effects.at(-1)).toEqual({ kind: 'archive', incident: 1 });
    expect(decide(incident, archive, minute(3))).toMatchObject({ code: 'ALREADY_ARCHIVED' });
  });

  test('takes no message: what is said is written down, and told where it can be', () => {
    const { incident, effects, entries } = play(after(resolve, archive), [[3, note]]);
    expect(incident.accounts.cause).toBe('a migration');
    expect(entries).toHaveLength(1);
    expect(effects.map((effect) => 'to' in effect && effect.to.kind)).toEqual(['incidents-channel']);
  });

  test('comes back before anything is said when the incident is reopened', () => {
    const { incident, effects } = play(after(resolve, archive), [[3, reopen]]);
    expect(incident.archived).toBeUndefined();
    expect(effects[0]).toEqual({ kind: 'unarchive', incident: 1 });
  });

  test('that was archived or brought back in Slack is known; our own doing comes back as nothing', () => {
    const inSlack = (archived: boolean): Intent => ({ kind: 'channel-archived', by: DBA, archived });
    expect(after(inSlack(true)).archived).toBe(true);
    expect(after(inSlack(true), inSlack(false)).archived).toBeUndefined();
    expect(play(after(resolve, archive), [[3, inSlack(true)]])).toMatchObject({ entries: [], effects: [] });
  });
});

describe('two who act at once', () => {
  test.each<readonly [string, Intent, Intent, string]>([
    ['resolve and cancel', resolve, { kind: 'cancel', by: ONCALL, reason: 'a test' }, 'NOT_OPEN'],
    ['resolve twice', resolve, resolve, 'STATUS_SAME'],
    ['resolve and mitigate', resolve, { kind: 'status', by: ONCALL, to: 'mitigated' }, 'NOT_OPEN'],
    ['reopen twice', reopen, reopen, 'ALREADY_OPEN'],
    ['lead', lead, { ...lead, by: ONCALL, user: ONCALL } as Intent, 'ROLE_HELD'],
    [
      'the same severity',
      { kind: 'severity', by: ONCALL, to: 'sev1' },
      { kind: 'severity', by: DBA, to: 'sev1' },
      'SEVERITY_SAME',
    ],
  ])('%s: one wins, the other is told', (_what, first, second, code) => {
    const before = first === reopen ? after(resolve) : after();
    const { incident } = play(before, [[3, first]]);
    const told = decide(incident, second, minute(3));
    expect(told).toMatchObject({ ok: false, code });
  });
});

describe('an incident that is told afterwards', () => {
  const retro = declared({ kind: 'retrospective' }).incident;

  test('is over from the start, and takes its milestones from people alone', () => {
    expect(retro).toMatchObject({ status: 'resolved', milestones: {} });
    const again = play(retro, [
      [1, reopen],
      [2, lead],
      [3, { kind: 'status', by: ONCALL, to: 'mitigated' }],
      [4, resolve],
    ]);
    expect(again.incident.milestones).toEqual({});
  });

  test('says who did what; nothing is expected of them any more', () => {
    const { incident, effects } = play(retro, [[1, lead]]);
    expect(incident.roles).toEqual({ commander: COMMANDER });
    expect(effects.filter((effect) => effect.kind === 'say' && effect.to.kind === 'user')).toEqual([]);
    expect(decide(incident, { ...lead, by: DBA, user: DBA } as Intent, minute(2))).toMatchObject({
      code: 'ROLE_HELD',
    });
  });

  test('pages nobody', () => {
    expect(decide(retro, page, minute(1))).toMatchObject({ code: 'NOT_OPEN' });
  });
});

describe('a private incident', () => {
  test('is announced nowhere, and its title leaves by no other way than Slack', () => {
    const hidden = declared({ private: true, title: 'a key has leaked' });
    const paged = play(hidden.incident, [
      [1, { ...page, roster: roster([DBA], { ways: ['pagerduty', 'webhook'] }) } as Intent],
    ]);
    for (const { effects } of [hidden, paged])
      for (const effect of effects)
        expect('to' in effect && ['incidents-channel', 'stakeholders'].includes(effect.to.kind)).toBe(false);
    const pages = paged.effects.flatMap((effect) => (effect.kind === 'send-page' ? [effect.page] : []));
    expect(pages).toHaveLength(2);
    for (const sent of pages) {
      expect(sent.title).toBe('Private incident');
      expect(JSON.stringify(sent)).not.toMatch(/leaked|a lock/);
    }
  });
});

describe('a drill', () => {
  test('says what it is: in its channel, in the timeline, and to pagers', () => {
    const { incident, entries, effects } = declared({ kind: 'drill' });
    expect(entries[0]?.text).toBe('Declared sev2 (drill): order status page is down');
    expect(saidIn({ effects })).toEqual([`<@${ONCALL}> declared this drill: nothing is wrong.`]);
    const paged = play(incident, [[1, { ...page, roster: roster([DBA], { ways: ['webhook'] }) } as Intent]]);
    expect(
      paged.effects.flatMap((effect) => (effect.kind === 'send-page' ? [effect.page.drill] : [])),
    ).toEqual([true]);
  });
});

describe('an incident that is over', () => {
  test.each<Intent>([
    { kind: 'status', by: ONCALL, to: 'mitigated' },
    { kind: 'status', by: ONCALL, to: 'cancelled' },
    { kind: 'cancel', by: ONCALL, reason: 'a test' },
    page,
    { kind: 'role', by: ONCALL, role: 'scribe', user: DBA },
    { kind: 'duplicate', by: ONCALL, of: 2 },
  ])('refuses to move: %j', (intent) => {
    expect(decide(after(resolve), intent, minute(2))).toEqual({
      ok: false,
      code: 'NOT_OPEN',
      values: { found: 'resolved', number: 1, since: '2026-06-03 10:01:00 UTC' },
    });
  });

  test('still takes notes, milestones and action items', () => {
    const late = after(
      resolve,
      { kind: 'note', by: ONCALL, text: 'a note', at: minute(-30) },
      { kind: 'milestone', by: ONCALL, name: 'impact_started', at: minute(-20) },
      { kind: 'add-action', by: ONCALL, text: 'test migrations', owner: DBA, due: '2026-07-01' },
      { kind: 'finish-action', by: DBA, number: 1 },
    );
    expect(late).toMatchObject({ status: 'resolved', actionItems: [{ number: 1, done: true }] });
  });

  test('moves again by reopen; a second resolve corrects the milestone and keeps the first', () => {
    expect(after(resolve, reopen, resolve)).toMatchObject({
      status: 'resolved',
      milestones: { resolved: { at: minute(3), earlier: [{ at: minute(1), by: COMMANDER }] } },
    });
  });

  test('cannot be reopened while it is open', () => {
    expect(decide(declared().incident, reopen, start)).toMatchObject({ code: 'ALREADY_OPEN' });
  });
});

describe('what is recorded', () => {
  test('has happened already', () => {
    const { incident } = declared();
    const future: readonly Intent[] = [
      { kind: 'note', by: ONCALL, text: 'a note', at: minute(1) },
      { kind: 'milestone', by: ONCALL, name: 'detected', at: minute(1) },
    ];
    for (const intent of future)
      expect(decide(incident, intent, start)).toEqual({
        ok: false,
        code: 'TIME_IN_FUTURE',
        values: {
          found: '2026-06-03 10:01:00 UTC',
          understood: '2026-06-03 10:01:00 UTC',
          now: '2026-06-03 10:00:00 UTC',
        },
      });
  });

  test('is a severity of the configuration, and tells what it was', () => {
    const severity = (to: string): Intent => ({ kind: 'severity', by: ONCALL, to });
    expect(decide(declared().incident, severity('sev9'), minute(1))).toMatchObject({
      code: 'UNKNOWN_SEVERITY',
      values: { found: 'sev9', known: 'sev1, sev2, sev3, sev4, sev5' },
    });
    const { incident, entries } = play(declared().incident, [[1, severity('sev1')]]);
    expect([incident.severity, entries[0]?.text]).toEqual(['sev1', 'Severity sev2 → sev1']);
  });

  test('of a resolve without "mitigated" invents no such milestone', () => {
    expect(after(resolve).milestones.mitigated).toBeUndefined();
  });

  test('by the bot itself keeps its own time, facts and effects', () => {
    const effect = { kind: 'topic', incident: 1 } as const;
    const intent: Intent = {
      kind: 'record',
      by: 'monitor:x',
      entry: 'monitor',
      text: 'green',
      at: minute(-1),
      details: { rows: 3 },
      effects: [effect],
    };
    expect(decide(declared().incident, intent, start)).toMatchObject({
      entries: [{ at: minute(-1), kind: 'monitor', actor: 'monitor:x', text: 'green', details: { rows: 3 } }],
      effects: [effect],
    });
  });
});

describe('what was said before something else, and is decided after it', () => {
  const late = (before: Incident, wish: Intent, said: Date): Incident =>
    accepted(decide(before, wish, minute(40), undefined, said)).incident;

  test('begins no status before the one that it ends', () => {
    const before = after({ kind: 'status', by: ONCALL, to: 'identified' });
    const { statusSince, milestones } = late(before, { kind: 'status', by: DBA, to: 'mitigated' }, start);
    expect(statusSince).toEqual(minute(1));
    expect(milestones.mitigated).toMatchObject({ at: minute(1), recordedAt: minute(40) });
  });

  test.each<readonly [readonly Intent[], Intent]>([
    [[], { kind: 'cancel', by: DBA, reason: 'a test' }],
    [[resolve], reopen],
    [[], { kind: 'duplicate', by: DBA, of: 3 }],
  ])('says in the channel when it was said: %#', (before, wish) => {
    const { effects } = accepted(decide(after(...before), wish, minute(40), undefined, minute(2)));
    expect(saidIn({ effects })[0]).toContain('> (said 2026-06-03 10:02:00 UTC)');
  });

  test('is no newer update than the one that was said after it', () => {
    const before = after({ kind: 'update', by: ONCALL, text: 'rolled back' });
    const older = late(before, { kind: 'update', by: DBA, text: 'rolling back' }, start);
    expect(older.lastUpdate?.text).toBe('rolled back');
  });
});
