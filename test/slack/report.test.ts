/** The report in Slack: a file, a canvas where there are canvases, and a form that overwrites nobody. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { App } from '../../src/app/app.ts';
import { createApp } from '../../src/app/create.ts';
import { createDispatch } from '../../src/app/dispatch.ts';
import { loadCommands } from '../../src/app/load-commands.ts';
import { type Effect, laneOf } from '../../src/domain/effects.ts';
import { silentLogger } from '../../src/log.ts';
import type { Slack } from '../../src/slack/bolt.ts';
import { createDirectory } from '../../src/slack/directory.ts';
import { createPerform } from '../../src/slack/perform.ts';
import type { Delivery } from '../../src/store/outbox.ts';
import { testSettings } from '../support/app.ts';
import { openWorld, startBot, type World } from './support.ts';

interface View {
  readonly id: string;
  readonly blocks: readonly {
    readonly block_id: string;
    readonly element: { readonly initial_value?: string };
  }[];
}
interface Seen {
  readonly responses: readonly {
    readonly text?: string;
    readonly errors?: Readonly<Record<string, string>>;
  }[];
}

let world: World;
let app: App;
let bot: Slack;
let incident: number;
let channel: string;
const everybody = {
  declare: undefined,
  respond: undefined,
  dangerous: undefined,
  approve: undefined,
  private: undefined,
};

beforeAll(async () => {
  world = await openWorld();
  const { client, identity, store, slack } = world;
  const directory = createDirectory(client, identity);
  const settings = testSettings({
    incidentsChannel: slack.channels['incidents'] ?? '',
    permissions: everybody,
  });
  const now = (): Date => new Date();
  app = createApp({ store, settings, directory, now, runbooks: new Map(), generatedBy: 'Firebreak test' });
  bot = await startBot(world, {
    app,
    dispatch: createDispatch({ app, directory, commands: await loadCommands() }),
  });
  const declared = await app.declare({
    by: slack.users['oncall'] ?? '',
    title: 'it is slow',
    severity: 'sev2',
  });
  if (!declared.ok) throw new Error('declare');
  incident = declared.incident.id;
  const made = await client.conversations.create({ name: 'inc-1-it-is-slow' });
  channel = made.channel?.id ?? '';
});
afterAll(async () => {
  await bot.stop();
  await world.close();
});

const perform = (effect: Effect, attempts = 0): Promise<Delivery> => {
  const { client, identity, store } = world;
  const attempt = createPerform({ client, identity, store, app, log: silentLogger, now: () => new Date() });
  const row = {
    id: 1,
    lane: laneOf(effect),
    effectId: randomUUID(),
    effect,
    attempts,
    createdAt: new Date(),
  };
  return attempt(row, new AbortController().signal);
};
const canvasNow = async (): Promise<string | undefined> => {
  const { channels } = await world.control<{ channels: { id: string; canvas?: unknown }[] }>('GET', 'state');
  const canvas = channels.find(({ id }) => id === channel)?.canvas;
  return canvas === undefined || canvas === null ? undefined : JSON.stringify(canvas);
};
const draft = (markdown: string): Effect => ({ kind: 'canvas', incident, title: 'Postmortem', markdown });
const hasChannel = (): Promise<unknown> =>
  world.store.query('update incidents set channel_id = $2 where id = $1', [incident, channel]);

describe('the postmortem that is posted', () => {
  it('waits for the channel in lanes of its own, so that nothing waits for it', async () => {
    const file: Effect = {
      kind: 'file',
      to: { kind: 'incident', id: incident },
      name: 'p.md',
      title: 'P',
      content: 'x',
      apart: true,
    };
    expect(await perform(file)).toMatchObject({ kind: 'retry' });
    expect(await perform(file, 20)).toMatchObject({ kind: 'refused' });
    expect(await perform(draft('x'))).toMatchObject({ kind: 'retry' });
    await hasChannel();
    expect(await perform(file)).toEqual({ kind: 'sent' });
    expect([laneOf(file), laneOf(draft('x'))]).toEqual([`file:incident:${incident}`, `canvas:${incident}`]);
  });

  it.each(['free_team_canvas_tab_already_exists', 'canvas_disabled_user_team', 'missing_scope'])(
    'is there without a canvas when Slack says %s',
    async (error) => {
      await world.fault({ method: 'conversations.canvases.create', kind: 'error', error });
      expect(await perform(draft('# Postmortem'))).toEqual({ kind: 'sent' });
      expect(await canvasNow()).toBeUndefined();
    },
  );

  it('is tried again when Slack itself is ill', async () => {
    await world.fault({ method: 'conversations.canvases.create', kind: 'error', error: 'internal_error' });
    expect(await perform(draft('# Postmortem'))).toMatchObject({ kind: 'retry' });
  });

  it('is a canvas of the channel, written anew by each export', async () => {
    await app.postmortem(incident, world.slack.users['oncall'] ?? '');
    const { rows } = await world.store.query<{ effect: Effect }>(
      `select effect from outbox where effect ->> 'kind' in ('file', 'canvas') order by id`,
    );
    const [file, canvas] = rows.map(({ effect }) => effect);
    expect(file).toMatchObject({ kind: 'file', name: `postmortem-inc-${incident}.md`, apart: true });
    if (canvas?.kind !== 'canvas') throw new Error('the canvas');
    expect(canvas.markdown).toContain('## 9. Conclusion');
    expect(canvas.markdown).not.toContain('### Timeline');
    expect(await perform(canvas)).toEqual({ kind: 'sent' });
    expect(await canvasNow()).toContain('1. Incident Summary');
    expect(await perform(draft('# Written anew'))).toEqual({ kind: 'sent' });
    expect(await canvasNow()).toContain('Written anew');
    expect(await canvasNow()).not.toContain('1. Incident Summary');
  });

  it('is cut where Slack takes no more, and says where the rest is', async () => {
    expect(await perform(draft('a line\n'.repeat(20_000)))).toEqual({ kind: 'sent' });
    expect(await canvasNow()).toContain('The rest is in the file.');
  });

  it('leaves a canvas of people alone', async () => {
    await world.store.query(`delete from live_messages where slot = $1`, [`canvas:${incident}`]);
    const before = await canvasNow();
    expect(await perform(draft('# Ours'))).toEqual({ kind: 'sent' });
    expect(await canvasNow()).toBe(before);
  });
});

describe('the form for a section', () => {
  const opened = async (user: string): Promise<View> => {
    await world.control('POST', 'commands', {
      user,
      channel: 'general',
      text: `/incident postmortem inc-${incident} write 8`,
    });
    const { views } = await world.control<{ views: View[] }>('GET', `state?as=${user}`);
    const [view] = views;
    if (!view) throw new Error('no form was opened');
    return view;
  };
  const submit = async (
    user: string,
    { id }: View,
    values: object,
  ): Promise<readonly Readonly<Record<string, string>>[]> => {
    const { responses } = await world.control<Seen>('POST', 'views/submit', { user, view_id: id, values });
    return responses.flatMap(({ errors }) => (errors ? [errors] : []));
  };
  const there = async () =>
    Object.fromEntries((await app.parts(incident)).map(({ part, text }) => [part, text]));

  it('shows what is there, and writes what was changed', async () => {
    const view = await opened('oncall');
    expect(view.blocks.map(({ block_id }) => block_id)).toEqual(['takeaways', 'process']);
    expect(await submit('oncall', view, { takeaways: ' Test downs. ', process: '' })).toEqual([]);
    expect(await there()).toEqual({ takeaways: 'Test downs.' });
    const next = await opened('dba');
    expect(next.blocks[0]?.element.initial_value).toBe('Test downs.');
    expect(await submit('dba', next, { takeaways: 'Test downs.', process: 'In CI.' })).toEqual([]);
    expect(await there()).toEqual({ takeaways: 'Test downs.', process: 'In CI.' });
  });

  it('overwrites nothing that was written since it was opened, and says what is there now', async () => {
    const [mine, theirs] = [await opened('oncall'), await opened('dba')];
    expect(await submit('dba', theirs, { takeaways: 'Test all.', process: 'In CI.' })).toEqual([]);
    const [errors] = await submit('oncall', mine, { takeaways: 'Test some.', process: 'In CI.' });
    expect(errors?.['takeaways']).toContain('It says now: Test all.');
    expect(await there()).toEqual({ takeaways: 'Test all.', process: 'In CI.' });
    // What was left as it was is no wish to write it again.
    expect(
      await submit('oncall', mine, { takeaways: 'Test downs.', process: 'Before each deploy.' }),
    ).toEqual([]);
    expect(await there()).toEqual({ takeaways: 'Test all.', process: 'Before each deploy.' });
  });
});
