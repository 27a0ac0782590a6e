/** Buttons of our own messages, clicked by people. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { App } from '../../src/app/app.ts';
import { refuse } from '../../src/domain/refusal.ts';
import type { Slack } from '../../src/slack/bolt.ts';
import { eventually } from '../support/eventually.ts';
import {
  type Answered,
  anIncident,
  appWith,
  dispatchWith,
  openWorld,
  startBot,
  type World,
} from './support.ts';

let world: World;
let bot: Slack;

beforeAll(async () => {
  world = await openWorld();
});
afterEach(async () => {
  await bot.stop();
  await world.control('POST', 'reset', {});
});
afterAll(() => world.close());

/** Posts a message with one button, and clicks it. */
async function click(actionId: string, value: unknown, user = 'dba'): Promise<Answered> {
  const channel = world.slack.channels['incidents'] ?? '';
  const { ts } = await world.client.chat.postMessage({
    channel,
    text: 'a button',
    blocks: [
      {
        type: 'actions',
        elements: [
          {
            type: 'button',
            text: { type: 'plain_text', text: 'Do it' },
            action_id: actionId,
            value: typeof value === 'string' ? value : JSON.stringify(value),
          },
        ],
      },
    ],
  });
  return world.control('POST', 'actions', { user, channel, ts, action_id: actionId });
}

async function ephemerals(): Promise<readonly { text: string }[]> {
  const { channels } = await world.control<{ channels: { ephemerals: { text: string }[] }[] }>(
    'GET',
    'state',
  );
  return channels.flatMap((channel) => channel.ephemerals);
}

/** The word that was given at once, and the answer. */
const bothTold = async (): Promise<readonly string[]> => {
  const told = await eventually(async () => {
    const all = await ephemerals();
    return all.length > 1 && all;
  });
  return told.map(({ text }) => text);
};

const texts = ({ responses }: Answered): string => responses.map(({ text }) => text ?? '').join('\n');

const CAUSE = { inboxKey: expect.any(String), saidAt: expect.any(Date) };

describe('a click', () => {
  test('on Acknowledge answers the page, and says nothing more', async () => {
    const acts: unknown[] = [];
    const act: App['act'] = (...given) => {
      acts.push(given);
      return Promise.resolve({ ok: true, incident: anIncident() });
    };
    bot = await startBot(world, { app: appWith({ act }) });
    const answer = await click('page-answer:acknowledged', { incident: 7, page: 2 });
    expect(acts).toMatchObject([
      [
        7,
        { kind: 'answer-page', by: world.slack.users['dba'], page: 2, answer: 'acknowledged' },
        { inboxKey: /^block_actions:/ },
      ].map((part, index) => (index === 2 ? { inboxKey: expect.stringMatching(/^block_actions:/) } : part)),
    ]);
    expect(texts(answer)).toBe('');
    expect(answer.ack_ms).toBeLessThan(3000);
  });

  test('that takes long and succeeds is answered too, as was promised', async () => {
    const act: App['act'] = async () => {
      await new Promise((resolve) => setTimeout(resolve, 2300));
      return { ok: true, incident: anIncident() };
    };
    bot = await startBot(world, { app: appWith({ act }) });
    await click('page-answer:acknowledged', { incident: 7, page: 2 });
    expect(await bothTold()).toEqual([
      expect.stringContaining('Still working'),
      expect.stringContaining('Done.'),
    ]);
  });

  test('that broke off with the store, and is done by a replay, is answered as was promised', async () => {
    let tried = 0;
    let ahead = 0;
    const act: App['act'] = () => {
      tried += 1;
      if (tried === 1) return Promise.reject(new Error('Connection terminated unexpectedly'));
      return Promise.resolve({ ok: true, incident: anIncident() });
    };
    bot = await startBot(world, { app: appWith({ act }), now: () => new Date(Date.now() + ahead) });
    await click('page-answer:acknowledged', { incident: 7, page: 2 });
    ahead = 16_000;
    await bot.replay.work();
    expect(await bothTold()).toEqual([
      expect.stringContaining('will be done when it does'),
      expect.stringContaining('Done.'),
    ]);
  });

  test('that is refused tells why, to the one who clicked', async () => {
    bot = await startBot(world, {
      app: appWith({ decideApproval: () => Promise.resolve(refuse('NOT_A_MEMBER', { found: 'guest' })) }),
    });
    const answer = await click('approval:approved', { run: 3, step: 2, planHash: 'abc' });
    expect(answer.responses.filter(({ kind }) => kind !== 'ack')).toMatchObject([
      { text: expect.stringContaining(':no_entry:') },
    ]);
    expect(await world.messages('incidents')).toHaveLength(1);
  });

  test('on Approve and Refuse carries the plan hash that was shown, and when it was clicked', async () => {
    const wishes: unknown[] = [];
    const causes: unknown[] = [];
    const decideApproval: App['decideApproval'] = (wish, cause) => {
      wishes.push(wish);
      causes.push(cause);
      return Promise.resolve(refuse('NOT_A_MEMBER', { found: 'x' }));
    };
    bot = await startBot(world, { app: appWith({ decideApproval }) });
    const shown = { run: 3, step: 2, planHash: 'abc' };
    const decisions = ['approved', 'refused'];
    for (const decision of decisions) await click(`approval:${decision}`, shown);
    const by = world.slack.users['dba'];
    expect(wishes).toEqual(decisions.map((decision) => ({ ...shown, by, decision })));
    expect(causes).toEqual([CAUSE, CAUSE]);
  });

  test('on a run asks the app for just that, and shows why it is refused', async () => {
    const wishes: unknown[] = [];
    const causes: unknown[] = [];
    const keep = (wish: unknown, cause: unknown) => {
      wishes.push(wish);
      causes.push(cause);
      return Promise.resolve(refuse('NOT_A_MEMBER', { found: 'x' }));
    };
    bot = await startBot(world, { app: appWith({ startRun: keep, steer: keep }) });
    const by = world.slack.users['dba'];
    const value = { incident: 7, runbook: 'blocked-queries', params: { pid: '42' } };
    expect(texts(await click('run:start', value))).toContain(':no_entry:');
    for (const what of ['retry', 'skip', 'cancel', 'yes', 'no'])
      expect(texts(await click(`run:${what}`, { run: 3, step: 2 }))).toContain(':no_entry:');
    expect(wishes).toEqual([
      { ...value, by },
      ...['retry', 'skip', 'cancel', 'yes', 'no'].map((what) => ({ run: 3, step: 2, what, by })),
    ]);
    expect(causes).toEqual(wishes.map(() => CAUSE));
  });

  test('on a proposal dispatches the line that declares it', async () => {
    const at = new Date();
    const known = {
      id: 3,
      monitor: 'shop',
      target: 'shop',
      service: 'order-status',
      error: 'column "status"\nof <@U00DBA> does not exist',
      relations: [],
      firstFailedAt: at,
      detectedAt: at,
    };
    bot = await startBot(world, {
      app: appWith({ known: { proposals: [known] } }),
      dispatch: dispatchWith(({ text, actor }) => `${actor} ${text}`),
    });
    const answer = await click('proposal:declare', { proposal: 3 }, 'oncall');
    const line = 'declare sev2 proposal:3 order-status: column "status" of &lt;@U00DBA&gt; does not exist';
    expect(texts(answer)).toContain(`${world.slack.users['oncall']} ${line}`);
  });

  test('on a button that nobody knows any more is answered', async () => {
    bot = await startBot(world);
    expect(texts(await click('old:thing', { a: 1 }))).toContain('older message');
    expect(texts(await click('approval:approved', 'not json'))).toContain('older message');
  });
});
