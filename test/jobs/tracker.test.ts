import { deliverWorker } from '../../src/jobs/deliver.ts';
import { tellRefusal, tellUnsent } from '../../src/jobs/undelivered.ts';
import { silentLogger } from '../../src/log.ts';
import { createGitHub } from '../../src/trackers/github.ts';
import { createTracking } from '../../src/trackers/track.ts';
import { createTestApp, PEOPLE, type TestApp, testSettings } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { type FakeGitHub, startFakeGitHub } from '../trackers/fake-github.ts';
import { type Instance, startInstance } from './support.ts';

const TIMEOUT_MS = 200;

describe('action items in a tracker', () => {
  let test: TestApp;
  let github: FakeGitHub;
  let instances: Instance[];

  beforeEach(async () => {
    instances = [];
    github = await startFakeGitHub();
    test = await createTestApp({ settings: testSettings({ tracker: 'GitHub' }) });
    test.at(new Date());
    await test.say(PEOPLE.oncall, 'declare sev2 it is down');
  });
  afterEach(async () => {
    await Promise.all(instances.map((instance) => instance.stop()));
    await test.close();
    await github.close();
  });

  const say = (line: string) => test.say(PEOPLE.oncall, line);
  const start = (repo = 'acme/shop'): Instance => {
    const instance = startInstance(test.store.url, ({ store, clock }) => {
      const now = () => clock.now();
      const config = {
        kind: 'github',
        repo,
        token: 'ghp_hunter2',
        labels: ['postmortem'],
        apiUrl: github.url,
      } as const;
      const track = createTracking({
        tracker: createGitHub(config, { now, timeoutMs: TIMEOUT_MS }),
        now,
        incident: (id) => test.app.incident(id),
        people: () => Promise.resolve({}),
        tracked: (id, number, issue) => test.app.act(id, { kind: 'action-tracked', number, issue }),
      });
      return [
        deliverWorker({
          store,
          clock,
          log: silentLogger,
          perform: (row, signal) =>
            row.effect.kind === 'track' ? track(row.effect, row, signal) : Promise.resolve({ kind: 'sent' }),
          onRefused: (row, reason) => tellRefusal(test.app, row, reason),
          onUnsent: (row, reason, final) => tellUnsent(test.app, row, reason, final),
        }),
      ];
    });
    instances.push(instance);
    return instance;
  };
  const waiting = async (): Promise<number> =>
    (await test.store.query(`select from outbox where lane = 'tracker' and state = 'pending'`)).rows.length;
  /** Time passes for the one who waits to try again, as real time does for requests. */
  const settled = (instance: Instance) =>
    eventually(async () => {
      instance.clock.advance(300);
      return (await waiting()) === 0;
    });
  const issue = async (number = 1) =>
    (await test.app.incident(1))?.actionItems.find((each) => each.number === number)?.issue;
  const told = async (): Promise<readonly string[]> => {
    const { rows } = await test.store.query<{ text: string }>(
      `select effect ->> 'text' as text from outbox where effect ->> 'text' like ':warning:%' order by id`,
    );
    return rows.map(({ text }) => text);
  };

  it('become issues, are closed when they are done, and open again', async () => {
    const instance = start();
    await say('action inc-1 add test migrations <@U00000000DBA> by +2w');
    await settled(instance);
    expect(await issue()).toEqual({ number: 1, url: 'https://github.example/acme/shop/issues/1' });
    expect(await say('action inc-1 list')).toContain('https://github.example/acme/shop/issues/1');
    await say('action inc-1 done 1');
    await settled(instance);
    expect(github.issues).toMatchObject([{ title: 'test migrations', state: 'closed' }]);
    await say('action inc-1 reopen 1');
    await settled(instance);
    expect(github.issues).toMatchObject([{ state: 'open' }]);
  });

  it('are not made when they were done before anybody made them', async () => {
    await say('action inc-1 add test migrations');
    await say('action inc-1 done 1');
    await settled(start());
    expect(github.issues).toEqual([]);
  });

  it.each([
    ['a lost answer', { when: 'lost' }],
    ['a hang', { when: 'hang' }],
    ['a 500 after it was done', { when: 'after', status: 500, body: {} }],
  ] as const)('are made once in spite of %s', async (_, fault) => {
    github.fail(fault, { when: 'before', status: 502 });
    await say('action inc-1 add test migrations');
    await settled(start());
    expect(github.issues).toHaveLength(1);
    expect(await issue()).toMatchObject({ number: 1 });
  });

  it('are made once when the process ends between the answer and its being kept', async () => {
    github.fail({ when: 'hang' });
    await say('action inc-1 add test migrations');
    const first = start();
    await eventually(() => github.issues.length === 1);
    await first.stop();
    instances = [];
    await settled(start());
    expect(github.issues).toHaveLength(1);
    expect(await issue()).toMatchObject({ number: 1 });
  });

  it('are made once by two instances', async () => {
    const [one, other] = [start(), start()];
    for (const text of ['one', 'two', 'three']) await say(`action inc-1 add ${text}`);
    await settled(one);
    await settled(other);
    expect(github.issues.map(({ title }) => title)).toEqual(['one', 'two', 'three']);
  });

  it('wait after a 429, and are told nothing of it', async () => {
    github.fail({ when: 'before', status: 429, headers: { 'retry-after': '3' }, body: {} });
    const instance = start();
    await say('action inc-1 add test migrations');
    await eventually(() => github.asked.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(github.asked).toHaveLength(1);
    instance.clock.advance(3000);
    await settled(instance);
    expect(github.issues).toHaveLength(1);
    expect(await told()).toEqual([]);
  });

  it.each([401, 404])(
    'are told once in the incident when GitHub answers %s, and made when it is mended',
    async (status) => {
      const wrong = { when: 'before', status, body: { message: 'Bad credentials' } } as const;
      github.fail(...Array.from({ length: 6 }, () => wrong));
      const instance = start();
      await say('action inc-1 add test migrations');
      await eventually(() => {
        instance.clock.advance(2000);
        return github.issues.length === 1;
      });
      await settled(instance);
      expect(await told()).toEqual([
        expect.stringMatching(
          new RegExp(
            `^:warning: Action item 1 is not in GitHub: GitHub answered ${status}: Bad credentials; .*It is tried again`,
          ),
        ),
      ]);
    },
  );

  it('of an issue that was deleted say so, and keep the others going', async () => {
    const instance = start();
    await say('action inc-1 add test migrations');
    await settled(instance);
    github.issues.length = 0;
    await say('action inc-1 done 1');
    await say('action inc-1 add another');
    await settled(instance);
    expect(await told()).toEqual([expect.stringContaining('GitHub answered 404')]);
    expect(github.issues.map(({ title }) => title)).toEqual(['another']);
  });

  it('of drills and private incidents stay here', async () => {
    await say('drill sev2 play');
    await say('declare --private sev2 a leak');
    await test.app.act(2, { kind: 'add-action', by: PEOPLE.oncall, text: 'drill task' });
    await test.app.act(3, { kind: 'add-action', by: PEOPLE.oncall, text: 'secret task' });
    await say('action inc-1 add public task');
    await settled(start());
    expect(github.issues.map(({ title }) => title)).toEqual(['public task']);
  });
});
