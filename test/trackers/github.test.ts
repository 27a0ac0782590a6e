import { createGitHub } from '../../src/trackers/github.ts';
import { type FakeGitHub, startFakeGitHub } from './fake-github.ts';

const TOKEN = 'ghp_hunter2';
const NOW = new Date('2026-06-03T10:00:00Z');
const never = new AbortController().signal;

let github: FakeGitHub;
beforeEach(async () => {
  github = await startFakeGitHub();
});
afterEach(() => github.close());

const tracker = (repo = 'acme/shop', timeoutMs = 5000) =>
  createGitHub(
    { kind: 'github', repo, token: TOKEN, labels: ['postmortem'], apiUrl: github.url },
    { now: () => NOW, timeoutMs },
  );
const draft = { title: 'test migrations', body: '- Owner: Ada', marker: 'effect-7' };
const create = (of = tracker(), signal = never) => of.create(draft, signal);

describe('issues of GitHub', () => {
  it('are made with labels and a hidden marker, found by it, closed and opened again', async () => {
    const made = await create();
    expect(made).toEqual({
      ok: true,
      value: { number: 1, url: 'https://github.example/acme/shop/issues/1' },
    });
    expect(github.issues[0]).toMatchObject({
      title: 'test migrations',
      labels: ['postmortem'],
      body: '- Owner: Ada\n\n<!-- firebreak:effect-7 -->',
    });
    expect(github.tokens).toEqual([`Bearer ${TOKEN}`]);
    const since = new Date(Date.now() - 1000);
    expect(await tracker().find('effect-7', since, never)).toEqual(made);
    expect(await tracker().find('effect-70', since, never)).toEqual({ ok: true, value: undefined });
    const issue = { number: 1, url: '' };
    await tracker().setState(issue, 'closed', never);
    expect(github.issues[0]).toMatchObject({ state: 'closed', state_reason: 'completed' });
    await tracker().setState(issue, 'open', never);
    expect(github.issues[0]).toMatchObject({ state: 'open', state_reason: 'reopened' });
  });

  it('are found beyond the first page, and not looked for among those from before', async () => {
    await create();
    for (let more = 0; more < 150; more += 1)
      await tracker().create({ ...draft, marker: `other-${more}` }, never);
    github.asked.length = 0;
    const since = new Date(Date.now() - 60_000);
    expect(await tracker().find('effect-7', since, never)).toMatchObject({ value: { number: 1 } });
    expect(github.asked).toHaveLength(2);
    github.asked.length = 0;
    const later = new Date(Date.now() + 3_600_000);
    expect(await tracker().find('effect-7', later, never)).toEqual({ ok: true, value: undefined });
    expect(github.asked).toHaveLength(1);
  });

  it.each([
    [500, { kind: 'retry', error: 'GitHub answered 500: oops [secret]' }, true],
    [502, { kind: 'retry', error: 'GitHub answered 502: oops [secret]' }, true],
    [422, { kind: 'refused', reason: 'GitHub answered 422: oops [secret]' }, false],
    [401, { kind: 'retry', fix: expect.stringContaining('token') as string }, false],
    [403, { kind: 'retry', fix: expect.stringContaining('acme/shop') as string }, false],
    [404, { kind: 'retry', fix: expect.stringContaining('acme/shop') as string }, false],
    [410, { kind: 'retry', fix: 'turn issues on for acme/shop' }, false],
    [301, { kind: 'retry', fix: expect.stringContaining('has moved') as string }, false],
  ])('that are answered with %s', async (status, failure, unsure) => {
    github.fail({ when: 'before', status, body: { message: `oops ${TOKEN}` } });
    const made = await create();
    expect(made).toMatchObject({ ok: false, failure, unsure });
    expect(JSON.stringify(made)).not.toContain('hunter2');
  });

  it('that are gone are not closed later', async () => {
    expect(await tracker().setState({ number: 9, url: '' }, 'closed', never)).toMatchObject({
      failure: { kind: 'refused', reason: 'GitHub answered 404: Not Found' },
    });
  });

  it.each<[string, number, Record<string, string>, number]>([
    ['seconds', 429, { 'retry-after': '7' }, 7],
    ['a date', 429, { 'retry-after': 'Wed, 03 Jun 2026 10:00:30 GMT' }, 30],
    ['the secondary limit', 403, { 'retry-after': '60' }, 60],
    ['the primary limit', 403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1780480920' }, 120],
    ['nothing', 429, {}, 60],
    ['too long', 429, { 'retry-after': '999999' }, 3600],
    ['the past', 429, { 'retry-after': 'Wed, 03 Jun 2026 09:00:00 GMT' }, 1],
    ['an outage', 503, { 'retry-after': '9' }, 9],
  ])('wait as long as GitHub says: %s', async (_, status, headers, seconds) => {
    github.fail({ when: 'before', status, headers, body: {} });
    expect(await create()).toMatchObject({ failure: { kind: 'wait', seconds }, unsure: status === 503 });
  });

  it('may have been made when no answer came, or one that says nothing', async () => {
    github.fail({ when: 'lost' });
    expect(await create()).toMatchObject({ ok: false, failure: { kind: 'retry' }, unsure: true });
    github.fail({ when: 'hang' });
    expect(await create(tracker('acme/shop', 100))).toEqual({
      ok: false,
      failure: { kind: 'retry', error: 'GitHub: no answer within 0.1 s' },
      unsure: true,
    });
    github.fail({ when: 'after', body: '<html>a proxy' });
    expect(await create()).toMatchObject({ failure: { kind: 'retry' }, unsure: true });
    const stopped = new AbortController();
    github.fail({ when: 'hang' });
    setTimeout(() => stopped.abort(), 50);
    expect(await create(tracker(), stopped.signal)).toMatchObject({ unsure: true });
  });

  it('were surely not made when nobody listens', async () => {
    const of = tracker();
    await github.close();
    expect(await create(of)).toEqual({
      ok: false,
      failure: { kind: 'retry', error: 'GitHub: the connection failed (ECONNREFUSED)' },
      unsure: false,
    });
    github = await startFakeGitHub();
  });
});
