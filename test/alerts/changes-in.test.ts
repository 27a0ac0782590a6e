/** Changes over real HTTP into the real store: a pipeline's, and a webhook of GitHub. */
import { createHmac } from 'node:crypto';
import { changesEntrance } from '../../src/alerts/changes.ts';
import { githubEntrance, isFromGitHub } from '../../src/alerts/github.ts';
import type { App } from '../../src/app/app.ts';
import type { Change } from '../../src/domain/change.ts';
import { listChanges } from '../../src/store/changes.ts';
import { createTestApp, PEOPLE, type TestApp, testSettings } from '../support/app.ts';
import { type Answered, startReceiver, type TestReceiver } from '../support/receiver.ts';

const { oncall } = PEOPLE;
const NOW = new Date('2026-06-03T10:00:00Z');
const SECRET = 'the-secret-of-the-webhook';

let it1: TestApp;
let now = NOW;
let receiver: TestReceiver;

beforeAll(async () => {
  const services = {
    'order-status': { links: {}, repo: 'example/order-status' },
    payments: { links: {}, repo: 'example/mono' },
    invoices: { links: {}, repo: 'example/mono' },
  };
  it1 = await createTestApp({ settings: testSettings({ services }) });
  const changed: App['changed'] = (reported) => it1.app.changed(reported);
  const capture: App['capture'] = (target, migrations) => it1.app.capture(target, migrations);
  const names = Object.keys(services);
  const changes = changesEntrance({ targets: ['shop'], services: names, capture, changed });
  const github = githubEntrance({ services, changed });
  receiver = await startReceiver(
    { '/events/changes': (headers) => (isFromGitHub(headers) ? github : changes) },
    { now: () => now, secrets: { github: SECRET } },
  );
});
beforeEach(async () => {
  await it1.store.query('truncate changes');
});
afterAll(async () => {
  await receiver.stop();
  await it1.close();
});

const known = (): Promise<readonly Change[]> => listChanges(it1.store, { since: new Date(0) }, 100);

describe('a pipeline that posts its changes', () => {
  const post = (sent: unknown): Promise<Answered> => receiver.post('/events/changes', JSON.stringify(sent));
  const deploy = {
    kind: 'deploy',
    title: 'v42\n to production',
    service: 'order-status',
    author: 'ana',
    link: 'https://ci.example.com/42?<!here>',
    at: '2026-06-03T11:58:00+02:00',
    id: 'run-42',
  };

  it('has them kept, each once, whatever it calls them', async () => {
    const flag = { kind: 'flag', title: 'new-checkout on' };
    expect(await post({ changes: [deploy, flag] })).toEqual({
      status: 200,
      body: { ok: true, taken: 2, known: 0 },
    });
    expect(await post({ changes: [{ ...deploy, title: 'told again' }, flag] })).toMatchObject({
      body: { taken: 0, known: 2 },
    });
    expect(receiver.counters.read()).toContainEqual({ entrance: 'changes', outcome: 'known', requests: 1 });
    expect(await known()).toMatchObject([
      { kind: 'flag', title: 'new-checkout on', source: 'http', at: NOW },
      {
        kind: 'deploy',
        title: 'v42 to production',
        service: 'order-status',
        author: 'ana',
        link: 'https://ci.example.com/42?%3C!here%3E',
        at: new Date('2026-06-03T09:58:00Z'),
        receivedAt: NOW,
      },
    ]);
  });

  it('that says neither when nor which may say the same after an hour: the next deploy is another one', async () => {
    const same = { kind: 'deploy', title: 'deploy of production' };
    expect(await post(same)).toMatchObject({ body: { taken: 1 } });
    expect(await post(same)).toMatchObject({ body: { taken: 0 } });
    now = new Date(NOW.getTime() + 3_600_000);
    expect(await post(same)).toMatchObject({ body: { taken: 1 } });
    now = NOW;
  });

  it('may send one alone, of any time in the past and a few minutes ahead', async () => {
    for (const at of ['1999-12-31T23:59:59Z', '2026-06-03T10:04:59Z'])
      expect(await post({ ...deploy, id: at, at })).toMatchObject({ status: 200, body: { taken: 1 } });
  });

  it('is told all that is wrong, and then nothing of it is kept', async () => {
    const wrong = {
      ...deploy,
      kind: 'party',
      title: ' \n',
      service: 'orders',
      target: 'shoop',
      link: 'javascript:alert(1)',
      at: '2026-06-03T10:05:01Z',
      colour: 'red',
    };
    const { status, body } = await post({ changes: [deploy, wrong] });
    expect(status).toBe(400);
    expect((body['problems'] as string[]).map((problem) => problem.split(':')[0])).toEqual([
      'changes.1.kind',
      'changes.1.title',
      'changes.1.service',
      'changes.1.target',
      'changes.1.link',
      'changes.1.at',
      'changes.1',
    ]);
    expect(body['problems']).toContain('changes.1.target: is not in firebreak.yml, which has: shop');
    expect(body['problems']).toContain('changes.1.at: lies more than 5 minutes in the future');
    expect(await known()).toEqual([]);
  });

  it('is an entry at its own time in the open incident of that service, and in no other', async () => {
    const declared = [];
    for (const service of ['order-status', 'payments'])
      declared.push(
        await it1.app.declare({ by: oncall, title: 'down', severity: 'sev2', service, anyway: true }),
      );
    await post({ ...deploy, title: 'v43 for <!channel> & all' });
    const [own, other] = await Promise.all(
      declared.map(async (each) => {
        if (!each.ok) throw new Error(each.code);
        const { timeline } = (await it1.app.record(each.incident.id)) ?? { timeline: [] };
        return timeline.filter(({ kind }) => kind === 'change');
      }),
    );
    expect(other).toEqual([]);
    expect(own).toMatchObject([
      {
        at: new Date('2026-06-03T09:58:00Z'),
        actor: 'change:http',
        text: 'Deploy of order-status by ana: v43 for &lt;!channel&gt; &amp; all',
        link: 'https://ci.example.com/42?%3C!here%3E',
      },
    ]);
  });
});

describe('a webhook of GitHub', () => {
  const sign = (body: string, secret = SECRET): string =>
    `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
  const send = (
    event: string,
    sent: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answered> => {
    const body = JSON.stringify(sent);
    return receiver.post('/events/changes', body, {
      'content-type': 'application/json',
      'x-github-event': event,
      'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
      'x-hub-signature-256': sign(body),
      ...headers,
    });
  };
  // As documented at https://docs.github.com/webhooks/webhook-events-and-payloads, without what nobody reads.
  const repository = {
    id: 186853002,
    full_name: 'Example/Order-Status',
    html_url: 'https://github.com/example/order-status',
    default_branch: 'main',
    pushed_at: 1780480500,
  };
  const sender = { login: 'ana', id: 21031067, type: 'User' };
  const deployment = {
    id: 145988746,
    sha: 'f95f852bd8fca8fcc58a9a2d6c842781e32a215e',
    ref: 'main',
    task: 'deploy',
    payload: {},
    environment: 'production',
    description: null,
    creator: sender,
    created_at: '2026-06-03T09:55:00Z',
    transient_environment: false,
    production_environment: true,
  };
  const created = { action: 'created', deployment, repository, sender };
  const status = (state: string) => ({ ...created, deployment_status: { id: 1, state, description: '' } });

  it('tells a deployment, and how it ended: one change', async () => {
    expect(await send('deployment', created)).toMatchObject({ status: 200, body: { taken: 1 } });
    expect(await send('deployment', created)).toMatchObject({ status: 200, body: { taken: 0, known: 1 } });
    expect(await send('deployment_status', status('in_progress'))).toMatchObject({
      body: { ignored: 'state in_progress is no end' },
    });
    const deployed = {
      source: 'github',
      kind: 'deploy',
      title: 'main (f95f852) to production',
      service: 'order-status',
      author: 'ana',
      link: 'https://github.com/example/order-status/commit/f95f852bd8fca8fcc58a9a2d6c842781e32a215e',
      at: new Date('2026-06-03T09:55:00Z'),
    };
    expect(await known()).toMatchObject([deployed]);
    expect((await known())[0]).not.toHaveProperty('outcome');
    await send('deployment_status', status('failure'));
    expect(await known()).toMatchObject([{ ...deployed, outcome: 'failure' }]);
  });

  it('tells pushes to the default branch, each once, and releases', async () => {
    const push = {
      ref: 'refs/heads/main',
      before: '6113728f27ae82c7b1a177c8d03f9e96e0adf246',
      after: '59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5',
      deleted: false,
      compare: 'https://github.com/example/order-status/compare/6113728f27ae...59b20b8d5c6f',
      commits: [{ id: '1' }, { id: '59b20b8d' }],
      head_commit: { id: '59b20b8d', message: 'Carrier becomes shipper\n\nNobody reads it.' },
      pusher: { name: 'ana', email: 'ana@example.com' },
      repository,
      sender,
    };
    await send('push', push);
    await send('push', push);
    // Nobody has signed this header.
    await send('push', push, { 'x-github-delivery': 'another' });
    await send('push', { ...push, before: push.after, after: push.before });
    await send('push', { ...push, repository: { ...repository, pushed_at: repository.pushed_at + 1 } });
    const release = {
      id: 17372790,
      tag_name: 'v1',
      name: 'First',
      html_url: 'https://github.com/x',
      author: sender,
    };
    await send('release', {
      action: 'published',
      release: { ...release, published_at: '2026-06-03T10:20:00Z' },
      repository,
    });
    const pushed = {
      kind: 'other',
      title: 'Carrier becomes shipper (push to main, 2 commits)',
      at: new Date('2026-06-03T09:55:00Z'),
      author: 'ana',
    };
    // GitHub's clock goes ahead.
    expect(await known()).toMatchObject([
      { title: 'release v1, First', at: NOW },
      { ...pushed, at: new Date('2026-06-03T09:55:01Z') },
      pushed,
      pushed,
    ]);
    for (const ref of ['refs/heads/topic', 'refs/tags/main'])
      expect(await send('push', { ...push, ref })).toMatchObject({ body: { ignored: `${ref} is not main` } });
  });

  it('concerns every service that lives in the repository', async () => {
    await send('deployment', { ...created, repository: { ...repository, full_name: 'example/mono' } });
    expect(await known()).toMatchObject([{ title: 'example/mono main (f95f852) to production' }]);
    for (const [service, count] of [
      ['payments', 1],
      ['invoices', 1],
      ['order-status', 0],
    ] as const)
      expect(await listChanges(it1.store, { since: new Date(0), service }, 10)).toHaveLength(count);
  });

  it('is answered with 200, and why, when it tells nothing of ours', async () => {
    const stranger = { ...repository, full_name: 'example/other' };
    const preview = { ...deployment, transient_environment: true };
    for (const [event, sent, reason] of [
      ['ping', { zen: 'Keep it logically awesome.', hook_id: 1 }, 'a ping'],
      ['pull_request', { action: 'closed' }, 'pull_request is no change'],
      ['constructor', {}, 'constructor is no change'],
      ['deployment', { ...created, repository: stranger }, 'no service'],
      ['deployment', { ...created, deployment: preview }, 'transient'],
      [
        'release',
        {
          action: 'deleted',
          release: { id: 1, tag_name: 'v', html_url: 'https://github.com/x' },
          repository,
        },
        'deleted',
      ],
    ] as const)
      expect(await send(event, sent)).toMatchObject({
        status: 200,
        body: { ok: true, ignored: expect.stringContaining(reason) as string },
      });
    expect(await known()).toEqual([]);
  });

  it('is refused when its signature is not right, or it is another shape', async () => {
    const body = JSON.stringify(created);
    for (const signature of [
      sign(body, 'other'),
      sign(`${body} `),
      'sha256=',
      'sha1=abc',
      sign(body).toUpperCase(),
    ])
      expect(await send('deployment', created, { 'x-hub-signature-256': signature })).toMatchObject({
        status: 401,
        body: { fix: expect.stringContaining('Compare the secret') as string },
      });
    expect(await send('deployment', { repository })).toMatchObject({ status: 400 });
    expect(await known()).toEqual([]);
    expect(receiver.counters.read()).toContainEqual({ entrance: 'github', outcome: 'unsigned', requests: 5 });
  });
});
