/** What was said while nobody took it up, done 40 minutes later: by real verbs, on a real timeline. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { verifyChain } from '../../src/domain/chain.ts';
import type { TimelineEntry } from '../../src/domain/entry.ts';
import type { Incident } from '../../src/domain/incident.ts';
import { formatUtc } from '../../src/domain/when.ts';
import { receive } from '../../src/store/inbox.ts';
import { loadChain } from '../../src/store/timeline.ts';
import { type Firebreak, startFirebreak, usersOf } from './firebreak.ts';
import { openWorld, toldTo, type World } from './support.ts';

const LATER_MS = 40 * 60_000;

let world: World;
let bot: Firebreak;
let said: Date;
let incident: Incident;
let timeline: readonly TimelineEntry[];

const ago = (minutes: number): Date => new Date(said.getTime() - minutes * 60_000);
const minutesAfter = (at: Date | undefined): number =>
  Math.round(((at?.getTime() ?? Number.NaN) - said.getTime()) / 60_000);

const left = (key: string, text: string, channel: string, receivedAt: Date): Promise<unknown> =>
  receive(world.store, {
    key,
    kind: 'command',
    receivedAt,
    payload: {
      command: '/incident',
      text,
      user_id: world.slack.users['dba'],
      user_name: 'dba',
      channel_id: channel,
      team_id: 'T000SANDBOX',
    },
  });

beforeAll(async () => {
  world = await openWorld();
  bot = await startFirebreak(world);
  const { id, channel } = await bot.declared();
  const [dba = ''] = usersOf(world, 'dba');
  await bot.app.escalate(id, { by: dba, team: 'database' });
  said = new Date(bot.clock.now().getTime() + 60_000);
  const lines = [
    'note the page is empty',
    'note -15m the deploy finished',
    'update we are rolling back',
    'lead me',
    'impact nobody sees an order',
    'status mitigated',
    'milestone impact_ended',
    'action write a test by tomorrow',
    'escalate --again database the lock is back',
    'status mitigated',
  ];
  const at = (index: number): Date => new Date(said.getTime() + index);
  for (const [index, line] of lines.entries()) await left(`k${index}`, line, channel, at(index));
  const page = { action_id: 'page-answer:acknowledged', value: JSON.stringify({ incident: id, page: 1 }) };
  const click = { type: 'block_actions', user: { id: dba }, channel: { id: channel }, actions: [page] };
  await receive(world.store, { key: 'click', kind: 'click', receivedAt: at(20), payload: click });
  await left('declared', 'declare sev1 the search is down', world.slack.channels['general'] ?? '', at(30));
  bot.clock.advance(LATER_MS + 60_000);
  await bot.slack.replay.work();
  await bot.settled();
  const record = await bot.app.record(id);
  incident = record?.incident as Incident;
  timeline = record?.timeline ?? [];
}, 30_000);
afterAll(async () => {
  await bot.stop();
  await world.close();
});

const entry = (kind: TimelineEntry['kind'], text: string): TimelineEntry | undefined =>
  timeline.find((each) => each.kind === kind && each.text?.includes(text));

describe('what was said 40 minutes before it was taken up', () => {
  test.each([
    ['note', 'the page is empty'],
    ['update', 'we are rolling back'],
    ['role', 'commander'],
    ['impact', 'nobody sees an order'],
    ['status', 'mitigated'],
    ['milestone', 'impact_ended'],
    ['action', 'write a test'],
    ['answer', 'acknowledged'],
  ] as const)('stands when it was said, and says when it was written down: %s', (kind, text) => {
    const found = entry(kind, text);
    expect(minutesAfter(found?.at)).toBe(0);
    expect(minutesAfter(found?.recordedAt)).toBe(40);
  });

  test('counts `-15m` from there', () => {
    const at = entry('note', 'the deploy finished')?.at;
    expect(at).toEqual(new Date(ago(15).getTime() + 1));
  });

  test('reached its milestones then', () => {
    for (const name of ['mitigated', 'impact_ended', 'acknowledged'] as const) {
      expect(minutesAfter(incident.milestones[name]?.at)).toBe(0);
      expect(minutesAfter(incident.milestones[name]?.recordedAt)).toBe(40);
    }
    expect(minutesAfter(incident.statusSince)).toBe(0);
    expect(minutesAfter(incident.lastUpdate?.at)).toBe(0);
  });

  test('counts `tomorrow` from the day it was said', () => {
    const day = new Date(said.getTime() + 24 * 3_600_000).toISOString().slice(0, 10);
    expect(incident.actionItems).toMatchObject([{ due: day }]);
  });

  test('tells those who read it late when it was said, and promises nothing that is over', async () => {
    const texts = (await world.messages(incident.channelId ?? '')).map(({ text }) => text);
    const update = texts.find((text) => text.includes('*Update*'));
    expect(update).toContain(`(said ${formatUtc(incident.lastUpdate?.at ?? said)}): we are rolling back`);
    expect(update).not.toContain('Next update by');
  });

  test('tells who said it of what is refused, by a direct message: no private answer reaches them', async () => {
    const told = (await toldTo(world, 'dba')).filter((text) => text.includes('not* run'));
    expect(told).toEqual([expect.stringMatching(/incident status mitigated.*\*not\* run: .*already/)]);
    const { rows } = await world.store.query(`select key from inbox where state = 'refused'`);
    expect(rows).toEqual([{ key: 'k9' }]);
  });

  test('pages people when it is taken up, and waits for them from then on', async () => {
    expect(minutesAfter(entry('page', 'the lock is back')?.at)).toBe(40);
    const { rows } = await world.store.query<{ due_at: Date }>(
      `select due_at from timers where key = 'escalation-due:1:2:1:wait'`,
    );
    expect(minutesAfter(rows[0]?.due_at)).toBe(45);
  });

  test('was declared then; who could lead it is given time from when they could', async () => {
    const second = (await bot.app.incident(2)) as Incident;
    expect(minutesAfter(second.declaredAt)).toBe(0);
    expect(minutesAfter(second.milestones.declared?.at)).toBe(0);
    const { unclaimedAfter } = bot.app.settings.reminders;
    expect(minutesAfter(second.reminders.snoozed['roles-unclaimed'])).toBe(40 + unclaimedAfter / 60);
  });

  test('is under the same chain', async () => {
    expect(verifyChain(await loadChain(world.store, incident.id)).ok).toBe(true);
  });
});
