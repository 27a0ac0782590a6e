/** Contrary things at the same moment: one of them happens, the other person is told, and the record agrees with itself. */
import { verifyChain } from '../../../src/domain/chain.ts';
import { loadChain } from '../../../src/store/timeline.ts';
import { buttonsOf, DAY, MINUTE, openRunning, type Running } from '../support.ts';

const NAMES = ['ant', 'bee', 'cow', 'dog', 'eel', 'fox', 'gnu', 'hen', 'ibex', 'jay'];

let world: Running;
beforeAll(async () => {
  world = await openRunning({
    config: ({ users }) => ({
      // No reminder comes in between.
      severities: { sev1: { meaning: 'bad' } },
      reminders: { unclaimed_min: 100_000 },
      teams: {
        database: {
          levels: [{ on_call: [users['dba']], wait_min: 5 }, { on_call: [users['support']] }],
        },
      },
    }),
  });
});
afterAll(() => world.close());

interface Raced {
  readonly id: number;
  readonly channel: string;
  readonly answers: readonly string[];
}

type Begun = Omit<Raced, 'answers'>;
type Act = (channel: string, id: number) => Promise<string>;

/** Ten incidents, each as `line` left it. */
async function tenOf(what: string, line?: string): Promise<readonly Begun[]> {
  // Slack makes twenty channels a minute, and lets a bot ask who somebody is a hundred times.
  await world.advance(2 * MINUTE);
  await Promise.all(
    NAMES.map((name) => world.say('oncall', 'incidents', `declare --anyway sev1 ${what} ${name}`)),
  );
  await world.settled();
  const { rows } = await world.store.query<{ id: number }>(
    'select id from incidents where title like $1 order by id',
    [`${what} %`],
  );
  expect(rows).toHaveLength(NAMES.length);
  const begun = await Promise.all(
    rows.map(async ({ id }) => {
      const { incident } = await world.record(id);
      return { id, channel: (await world.channel(incident.channelId ?? '')).name };
    }),
  );
  if (line !== undefined) await Promise.all(begun.map(({ channel }) => world.say('oncall', channel, line)));
  await world.settled();
  return begun;
}

/** In each of them the same things at the same moment, by people of their own. */
async function race(begun: readonly Begun[], acts: readonly Act[]): Promise<readonly Raced[]> {
  const raced: Raced[] = [];
  for (const { id, channel } of begun)
    raced.push({ id, channel, answers: await Promise.all(acts.map((act) => act(channel, id))) });
  // So much at once is more than Slack takes: what it puts off is due then.
  await world.advance(MINUTE);
  return raced;
}

/** What stands in the timeline follows from what was before, and the chain is whole. */
async function statuses(id: number): Promise<readonly string[]> {
  expect(verifyChain(await loadChain(world.store, id))).toMatchObject({ ok: true });
  const { timeline } = await world.record(id);
  return timeline.filter(({ kind }) => kind === 'status').map(({ text = '' }) => text);
}

/** The click on a button of the page that somebody got for an incident. */
async function answerOf(user: string, id: number, label: string): Promise<() => Promise<unknown>> {
  const channel = `dm-${user}`;
  const page = (await world.channel(channel)).messages.find(({ text }) => text.includes(`incident ${id} `));
  const button = buttonsOf(page ?? { ts: '' }).find((each) => each.label === label);
  if (!button) throw new Error(`the page for incident ${id} has no button ${label}`);
  const { ts, action_id, value } = button;
  // The answer that was quicker takes the buttons away.
  return () =>
    world.control('POST', 'actions', { user, channel, ts, action_id, value }).catch(() => undefined);
}

const say =
  (user: string, line: string) =>
  (channel: string): Promise<string> =>
    world.say(user, channel, line);

const winners = (answers: readonly string[], won: RegExp): number =>
  answers.filter((text) => won.test(text)).length;

test('two take the lead: one has it, and the other is told who, with a button to take over', async () => {
  for (const { id, channel, answers } of await race(await tenOf('lead'), [
    say('oncall', 'lead'),
    say('commander', 'lead'),
  ])) {
    expect(winners(answers, /Incident commander is now/)).toBe(1);
    expect(winners(answers, /Incident commander is <@/)).toBe(1);
    const { incident, timeline } = await world.record(id);
    const holder = incident.roles['commander'] ?? '';
    expect(timeline.filter(({ kind }) => kind === 'role').map(({ actor }) => actor)).toEqual([holder]);
    expect((await world.channel(channel)).topic).toContain(`commander <@${holder}>`);
    const second = holder === world.users['oncall'] ? 'commander' : 'oncall';
    expect(answers.join('\n')).toContain(`Incident commander is <@${holder}>`);
    if (id === 1) {
      expect(await world.click(second, channel, 'Take over')).toContain('Incident commander is now');
      expect((await world.record(id)).incident.roles['commander']).toBe(world.users[second]);
    }
  }
});

test('two resolve: it is resolved once, with the words of the first', async () => {
  const acts = [say('oncall', 'resolve restarted'), say('commander', 'resolve rolled back')];
  for (const { id, answers } of await race(await tenOf('resolve'), acts)) {
    expect(winners(answers, /Resolved\./)).toBe(1);
    expect(winners(answers, /The status is `resolved` already/)).toBe(1);
    const fix = answers[0]?.includes('Resolved.') ? 'restarted' : 'rolled back';
    expect(await statuses(id)).toEqual([`Status investigating → resolved: ${fix}`]);
    expect((await world.record(id)).incident.accounts.fix).toBe(fix);
  }
});

test('one resolves while the other cancels: it is one of the two, and whoever came second is told which', async () => {
  const acts = [say('oncall', 'resolve restarted'), say('commander', 'cancel a false alarm')];
  for (const { id, channel, answers } of await race(await tenOf('contrary'), acts)) {
    const { status } = (await world.record(id)).incident;
    expect(winners(answers, /Resolved\.|The incident is now \*cancelled\*/)).toBe(1);
    expect(winners(answers, new RegExp(`Incident ${id} is ${status}, since`))).toBe(1);
    expect(await statuses(id)).toEqual([
      status === 'resolved' ? 'Status investigating → resolved: restarted' : 'Cancelled: a false alarm',
    ]);
    expect((await world.channel(channel)).topic).toContain(`| ${status} |`);
  }
});

test('somebody acknowledges while the wait ends: the next level is paged or not, and the channel says which', async () => {
  const begun = await tenOf('page', 'escalate database');
  const answers = await Promise.all(begun.map(({ id }) => answerOf('dba', id, 'Acknowledge')));
  await world.advanceAlone(5 * MINUTE + 5000);
  // Spread over the time in which the timers are worked off: some come before theirs, and some after it.
  const timedOut = world.advance(0);
  const sent: Promise<unknown>[] = [];
  for (const answer of answers) {
    sent.push(answer());
    await world.store.query('select pg_sleep(0.02)');
  }
  await Promise.all([timedOut, ...sent]);
  await world.settled();
  await world.advance(DAY);
  const toSupport = await world.texts('dm-support').catch(() => []);
  for (const { id } of begun) {
    const { incident } = await world.record(id);
    const told = (await world.timeline(id)).filter((line) => /^(page|answer):/.test(line));
    const secondLevel = incident.pages.some(({ level }) => level === 2);
    expect(incident.escalations).toMatchObject([{ state: 'acknowledged', level: secondLevel ? 2 : 1 }]);
    expect(told.filter((line) => line.includes('acknowledged the page'))).toHaveLength(1);
    expect(told.filter((line) => line.includes('paging database level 2'))).toHaveLength(secondLevel ? 1 : 0);
    const second = toSupport.filter((text) => text.includes(`incident ${id} `));
    expect(second).toHaveLength(secondLevel ? 1 : 0);
    if (secondLevel) expect(second[0]).toContain('has acknowledged; no answer is needed.');
    expect(await statuses(id)).toEqual([]);
  }
});

test('a yes and a no to the same page: the yes stands, whichever came first', async () => {
  const begun = await tenOf('answer', 'escalate database');
  for (const { id } of begun) {
    const [no, yes] = await Promise.all([answerOf('dba', id, 'Decline'), answerOf('dba', id, 'Acknowledge')]);
    await Promise.all([no(), yes()]);
  }
  await world.settled();
  for (const { id } of begun) {
    const { incident } = await world.record(id);
    expect(incident.pages[0]?.answer?.kind).toBe('acknowledged');
    expect(incident.escalations).toMatchObject([{ state: 'acknowledged' }]);
  }
});

test('a note and a change of status at the same moment: both happen, and nothing is lost', async () => {
  const acts = [say('oncall', 'status identified a bad disk'), say('commander', 'note the disk is old')];
  for (const { id, answers } of await race(await tenOf('both'), acts)) {
    expect(winners(answers, /Status is now|Noted/)).toBe(2);
    expect((await world.timeline(id)).toSorted()).toEqual([
      expect.stringMatching(/^declared:/),
      'note: the disk is old',
      'status: Status investigating → identified: a bad disk',
    ]);
    expect(await statuses(id)).toHaveLength(1);
  }
});
