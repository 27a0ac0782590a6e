import type { Directory } from '../../src/app/app.ts';
import { createRuns, type RunUseCases } from '../../src/app/runs.ts';
import { receive, stateOf } from '../../src/store/inbox.ts';
import {
  type Bench,
  directory,
  openBench,
  RUNBOOKS,
  settingsWith,
  shop,
  World,
} from '../jobs/run-step-support.ts';

describe('the use cases of runs', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench(new World().kinds(), RUNBOOKS);
  });
  afterAll(() => bench.close());
  // One dangerous run a target at a time, and a breaker: each test begins without any.
  afterEach(() =>
    bench.store.query(`delete from executions;
                       update runs set ended_at = now(), due_at = null where ended_at is null`),
  );

  const runsWith = (change: {
    directory?: Directory;
    targets?: string[];
    dangerousPerHour?: number;
  }): RunUseCases => {
    const { store, clock } = bench;
    const names = change.targets ?? ['shop'];
    const settings = {
      ...settingsWith(Object.fromEntries(names.map((name) => [name, { ...shop, name }]))),
      breaker: { dangerousPerHour: change.dangerousPerHour ?? 3 },
    };
    return createRuns({
      store,
      settings,
      now: () => clock.now(),
      directory: change.directory ?? directory,
      runbooks: new Map(RUNBOOKS.map((runbook) => [runbook.name, runbook])),
    });
  };

  it('start a runbook: steps, an entry, a live message, and the inbox row settled with it', async () => {
    const incident = await bench.incident();
    await receive(bench.store, { key: 'k1', kind: 'command', payload: {}, receivedAt: bench.clock.now() });
    const started = await bench.runs.startRun(
      { incident, runbook: 'tell', params: { text: 'hello' }, by: 'UASK' },
      { inboxKey: 'k1' },
    );
    expect(started).toMatchObject({
      ok: true,
      run: {
        incidentId: incident,
        title: 'tell',
        target: 'shop',
        params: { text: 'hello' },
        state: 'running',
        requestedBy: 'UASK',
        steps: [
          { index: 1, name: 'say it', risk: 'change', state: 'pending', input: { value: 'hello' } },
          { index: 2, name: 'look', risk: 'read', state: 'pending' },
        ],
      },
    });
    const run = (started as { run: { id: number } }).run.id;
    expect((await bench.timeline(incident)).at(-1)).toMatchObject({
      kind: 'run',
      actor: 'UASK',
      text: `Run ${run} started: tell on shop`,
    });
    expect((await bench.effects(incident)).at(-1)).toEqual({
      kind: 'live',
      to: { kind: 'incident', id: incident },
      subject: { kind: 'run', run },
    });
    expect(await stateOf(bench.store, 'k1')).toBe('done');
    expect(await bench.runs.run(run)).toMatchObject({ id: run, steps: [{ index: 1 }, { index: 2 }] });
  });

  it.each([
    ['an unknown runbook', 'nope', {}, 'UNKNOWN_RUNBOOK'],
    ['a missing parameter', 'tell', {}, 'PARAM_MISSING'],
    ['a parameter it does not take', 'look', { speed: '1' }, 'PARAM_UNKNOWN'],
    ['a value of another type', 'maybe', { table: 'a.b.c' }, 'PARAM_WRONG'],
    ['a target that is not configured', 'look', { target: 'bank' }, 'UNKNOWN_TARGET'],
  ] as const)('refuse %s', async (_, runbook, params, code) => {
    const incident = await bench.incident();
    const before = await bench.timeline(incident);
    expect(await bench.runs.startRun({ incident, runbook, params, by: 'UASK' })).toMatchObject({
      ok: false,
      code,
    });
    expect(await bench.timeline(incident)).toEqual(before);
  });

  it('want the target named when there are two', async () => {
    const incident = await bench.incident();
    const runs = runsWith({ targets: ['shop', 'bank'] });
    const wish = { incident, runbook: 'look', by: 'UASK' };
    expect(await runs.startRun({ ...wish, params: {} })).toMatchObject({ code: 'TARGET_MISSING' });
    expect(await runs.startRun({ ...wish, params: { target: 'bank' } })).toMatchObject({
      run: { target: 'bank', params: {} },
    });
  });

  it('run only in open incidents', async () => {
    const incident = await bench.incident();
    await bench.store.query(`update incidents set status = 'resolved' where id = $1`, [incident]);
    expect(await bench.runs.startRun({ incident, runbook: 'look', params: {}, by: 'UASK' })).toMatchObject({
      code: 'RUN_INCIDENT_CLOSED',
    });
    expect(
      await bench.runs.startRun({ incident: 999, runbook: 'look', params: {}, by: 'UASK' }),
    ).toMatchObject({
      code: 'INCIDENT_UNKNOWN',
    });
  });

  it('let one run at a time change a target, however many start at once; readers do not count', async () => {
    const incident = await bench.incident();
    const wish = { incident, runbook: 'undo', params: {}, by: 'UASK' };
    const answers = await Promise.all([1, 2, 3, 4].map(() => bench.runs.startRun(wish)));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    const refused = answers.find(({ ok }) => !ok);
    expect(refused).toMatchObject({ code: 'RUN_ACTIVE', values: { title: 'undo', state: 'running' } });
    expect(await bench.runs.startRun({ ...wish, runbook: 'look' })).toMatchObject({ ok: true });
  });

  it('start nothing dangerous that was said more than a minute ago; what only looks starts', async () => {
    const wish = { incident: await bench.incident(), params: {}, by: 'UASK' };
    const ago = (ms: number) => ({ saidAt: new Date(bench.clock.now().getTime() - ms) });
    expect(await bench.runs.startRun({ ...wish, runbook: 'undo' }, ago(60_001))).toMatchObject({
      code: 'SAID_TOO_LONG_AGO',
    });
    expect(await bench.runs.startRun({ ...wish, runbook: 'look' }, ago(60_001))).toMatchObject({ ok: true });
    expect(await bench.runs.startRun({ ...wish, runbook: 'undo' }, ago(60_000))).toMatchObject({ ok: true });
  });

  it('stop at the breaker', async () => {
    const incident = await bench.incident();
    const run = await bench.start('undo', {}, incident);
    await bench.store.query('insert into executions (run_id, step, at) values ($1, 1, $2)', [
      run.id,
      bench.clock.now(),
    ]);
    await bench.store.query('update runs set ended_at = requested_at, due_at = null where id = $1', [run.id]);
    const wish = { incident, runbook: 'undo', params: {}, by: 'UASK' };
    const runs = runsWith({ dangerousPerHour: 1 });
    expect(await runs.startRun(wish)).toMatchObject({
      code: 'BREAKER_OPEN',
      values: { found: 1, allowed: 1 },
    });
    bench.clock.advance(60 * 60 * 1000 + 1);
    expect(await runs.startRun(wish)).toMatchObject({ ok: true });
  });

  describe('on a plan that waits', () => {
    const waiting = async () => {
      const run = await bench.work((await bench.start('undo')).id);
      expect(run.state).toBe('awaiting_approval');
      return run;
    };

    it('take the yes of an approver who is not the requester, and tell the second click', async () => {
      const run = await waiting();
      expect(await bench.approve(run.id, 'UASK')).toMatchObject({
        code: 'APPROVER_IS_REQUESTER',
        values: { approvers: '<@UDBA>, <@UTWO>, <@UGUEST>' },
      });
      expect(await bench.approve(run.id, 'UNEW')).toMatchObject({ code: 'NOT_AN_APPROVER' });
      expect(await bench.approve(run.id, 'UGUEST')).toMatchObject({ code: 'NOT_AN_APPROVER' });
      expect(await bench.approve(run.id, 'terminal:ann@db1')).toMatchObject({ code: 'NOT_AN_APPROVER' });
      // By group.
      expect(await bench.approve(run.id, 'UTWO')).toMatchObject({
        ok: true,
        run: {
          state: 'running',
          steps: [
            { state: 'awaiting_approval', approval: { decision: { kind: 'approved', by: 'UTWO' } } },
            {},
          ],
        },
      });
      expect(await bench.approve(run.id, 'UDBA')).toMatchObject({
        code: 'APPROVAL_DECIDED',
        values: { by: '<@UTWO>', decision: 'approved' },
      });
      expect((await bench.timeline(run.incidentId)).at(-1)).toMatchObject({
        kind: 'approval',
        actor: 'UTWO',
        details: { run: run.id, step: 1, requester: 'UASK', approver: 'UTWO', plan_hash: 'hash-one' },
      });
    });

    it('take a no, and no yes, once the incident is over', async () => {
      const run = await waiting();
      await bench.store.query(`update incidents set status = 'resolved' where id = $1`, [run.incidentId]);
      expect(await bench.approve(run.id, 'UDBA')).toMatchObject({ code: 'RUN_INCIDENT_CLOSED' });
      expect(await bench.runs.run(run.id)).toMatchObject({ state: 'awaiting_approval' });
      const no = { run: run.id, step: 1, planHash: 'hash-one', by: 'UDBA', decision: 'refused' } as const;
      expect(await bench.runs.decideApproval(no)).toMatchObject({ ok: true });
    });

    it('are unknown to who may not know of the incident any more, whatever button they still have', async () => {
      const run = await waiting();
      const { incidentId: incident, id } = run;
      await bench.store.query(`update incidents set private = true, channel_id = 'GSECRET' where id = $1`, [
        incident,
      ]);
      const yes = await bench.approve(id, 'UDBA');
      expect(yes).toMatchObject({ code: 'RUN_UNKNOWN', values: { found: id } });
      for (const what of ['retry', 'skip', 'cancel', 'yes', 'no'] as const)
        expect(await bench.runs.steer({ run: id, step: 1, by: 'UDBA', what })).toMatchObject({
          code: 'RUN_UNKNOWN',
        });
      const wish = { incident, runbook: 'look', params: {}, by: 'UDBA' };
      expect(await bench.runs.startRun(wish)).toMatchObject({ code: 'INCIDENT_UNKNOWN' });
      const other = await bench.incident();
      expect(await bench.runs.startRun({ ...wish, incident: other, runbook: 'undo' })).toMatchObject({
        code: 'RUN_ACTIVE',
        values: { run: '?', title: 'of another incident' },
      });
      expect(await bench.runs.run(id)).toMatchObject({ state: 'awaiting_approval' });
    });

    it('let one of two simultaneous clicks decide', async () => {
      const run = await waiting();
      const answers = await Promise.all(['UDBA', 'UTWO'].map((by) => bench.approve(run.id, by)));
      expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
      expect(answers.find(({ ok }) => !ok)).toMatchObject({ code: 'APPROVAL_DECIDED' });
    });

    it('end the run at a no', async () => {
      const run = await waiting();
      const answer = await bench.runs.decideApproval({
        run: run.id,
        step: 1,
        planHash: 'hash-one',
        by: 'UDBA',
        decision: 'refused',
      });
      expect(answer).toMatchObject({
        run: {
          state: 'cancelled',
          steps: [
            { state: 'stopped', verdict: 'Refused by <@UDBA>; nothing was done' },
            { state: 'not_reached' },
          ],
        },
      });
    });

    it('refuse when Slack cannot say who somebody is', async () => {
      const run = await waiting();
      const runs = runsWith({
        directory: { ...directory, standing: () => Promise.reject(new Error('timeout')) },
      });
      const wish = { run: run.id, step: 1, planHash: 'hash-one', by: 'UDBA', decision: 'approved' } as const;
      expect(await runs.decideApproval(wish)).toMatchObject({ code: 'APPROVERS_UNREADABLE' });
      expect((await bench.runs.run(run.id))?.steps[0]?.approval?.decision).toBeUndefined();
    });

    it('take no yes on rights that were read before the process stood still', async () => {
      const run = await waiting();
      const still = (ms: number): RunUseCases =>
        runsWith({
          directory: {
            ...directory,
            standing: async (user) => {
              const standing = await directory.standing(user);
              bench.clock.advance(ms);
              return standing;
            },
          },
        });
      const wish = { run: run.id, step: 1, planHash: 'hash-one', by: 'UDBA', decision: 'approved' } as const;
      expect(await still(31_000).decideApproval(wish)).toMatchObject({ code: 'APPROVERS_UNREADABLE' });
      expect(await bench.runs.run(run.id)).toMatchObject({ state: 'awaiting_approval' });
      expect(await still(29_000).decideApproval(wish)).toMatchObject({ ok: true });
    });

    it('take no yes that was said before the process stood still for a minute; a no counts', async () => {
      const run = await waiting();
      const wish = { run: run.id, step: 1, planHash: 'hash-one', by: 'UDBA' } as const;
      const cause = { saidAt: new Date(bench.clock.now().getTime() - 60_001) };
      expect(await bench.runs.decideApproval({ ...wish, decision: 'approved' }, cause)).toMatchObject({
        code: 'SAID_TOO_LONG_AGO',
      });
      expect(await bench.runs.run(run.id)).toMatchObject({ state: 'awaiting_approval' });
      expect(await bench.runs.decideApproval({ ...wish, decision: 'refused' }, cause)).toMatchObject({
        ok: true,
      });
      const again = { run: run.id, by: 'UASK', what: 'retry' } as const;
      expect(await bench.runs.steer(again, cause)).toMatchObject({ code: 'SAID_TOO_LONG_AGO' });
      expect(await bench.runs.steer(again)).toMatchObject({ ok: true });
    });

    it('refuse a hash that was not read', async () => {
      const run = await waiting();
      const wish = { run: run.id, step: 1, planHash: 'other', by: 'UDBA', decision: 'approved' } as const;
      expect(await bench.runs.decideApproval(wish)).toMatchObject({ code: 'PLAN_CHANGED' });
      expect(await bench.runs.run(run.id)).toMatchObject({ state: 'awaiting_approval' });
      expect(await bench.runs.decideApproval({ ...wish, run: 9999 })).toMatchObject({ code: 'RUN_UNKNOWN' });
    });
  });

  describe('break glass', () => {
    const glass = (named: readonly string[]): RunUseCases => {
      const settings = settingsWith();
      return createRuns({
        store: bench.store,
        settings: { ...settings, permissions: { ...settings.permissions, breakGlass: named } },
        now: () => bench.clock.now(),
        directory,
        runbooks: new Map(RUNBOOKS.map((runbook) => [runbook.name, runbook])),
      });
    };
    const waiting = async () => bench.work((await bench.start('undo')).id);

    it('is off until it names people', async () => {
      const { id } = await waiting();
      const wish = { run: id, by: 'UASK', plan: 'hash-one', reason: 'nobody answers' };
      expect(await bench.runs.breakGlass(wish)).toMatchObject({ ok: false, code: 'MAY_NOT_BREAK_GLASS' });
      expect(await glass(['UOTHER']).breakGlass(wish)).toMatchObject({ ok: false });
      expect(await glass(['UGUEST']).breakGlass({ ...wish, by: 'UGUEST' })).toMatchObject({ ok: false });
    });

    it('lets the requester alone, pages all who approve, and is written down with its reason', async () => {
      const { id, incidentId } = await waiting();
      const done = await glass(['UASK']).breakGlass({
        run: id,
        by: 'UASK',
        plan: 'hash-one',
        reason: 'nobody answers',
      });
      expect(done).toMatchObject({
        ok: true,
        run: {
          steps: [
            { approval: { decision: { kind: 'approved', by: 'UASK', brokenFor: 'nobody answers' } } },
            {},
          ],
        },
      });
      const entries = (await bench.timeline(incidentId)).map(({ text }) => text).join('\n');
      expect(entries).toContain('approved by <@UASK> alone, without a second person: nobody answers');
      const paged = (await bench.effects(incidentId)).filter(
        (each) => each.kind === 'live' && each.subject.kind === 'page',
      );
      const { rows } = await bench.store.query<{ lane: string }>(
        `select lane from outbox where effect -> 'subject' ->> 'kind' = 'page' and effect -> 'subject' ->> 'incident' = $1`,
        [String(incidentId)],
      );
      expect([...paged, ...rows.map(({ lane }) => lane)]).toEqual(['user:UDBA', 'user:UTWO', 'user:UGUEST']);
      expect(await bench.work(id)).toMatchObject({ state: 'done' });
      expect(
        await glass(['UASK']).breakGlass({ run: id, by: 'UASK', plan: 'hash-one', reason: 'x' }),
      ).toMatchObject({
        code: 'NO_PLAN_WAITS',
      });
    });
  });
});
