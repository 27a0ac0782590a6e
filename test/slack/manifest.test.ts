/** The manifest: what Slack takes, and everything that the bot asks of Slack. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { methods } from '../../sandbox/server/api/methods.ts';
import { loadCommands } from '../../src/app/load-commands.ts';
import { EVENT_LISTENERS } from '../../src/slack/listeners.ts';
import { EVENTS, renderManifest, SCOPES, SHORTCUT } from '../../src/slack/manifest.ts';
import { PACKAGE_ROOT } from '../../src/version.ts';

const commands = await loadCommands();
const text = (most: number, least = 1) => z.string().min(least).max(most);

/** The limits of github.com/slackapi/manifest-schema, version 2. */
const slackTakes = z.strictObject({
  _metadata: z.strictObject({ major_version: z.literal(2), minor_version: z.literal(1) }),
  display_information: z.strictObject({
    name: text(35),
    description: text(140),
    background_color: z.string().regex(/^#[0-9a-f]{6}$/),
  }),
  features: z.strictObject({
    app_home: z.strictObject({
      home_tab_enabled: z.boolean(),
      messages_tab_enabled: z.boolean(),
      messages_tab_read_only_enabled: z.boolean(),
    }),
    bot_user: z.strictObject({ display_name: text(80), always_online: z.boolean() }),
    slash_commands: z
      .array(
        z.strictObject({
          command: text(32, 2).startsWith('/'),
          description: text(2000),
          usage_hint: text(1000),
          should_escape: z.literal(true),
        }),
      )
      .min(1)
      .max(50),
    shortcuts: z
      .array(
        z.strictObject({
          name: text(24),
          type: z.enum(['message', 'global']),
          callback_id: text(255),
          description: text(150),
        }),
      )
      .min(1)
      .max(10),
  }),
  oauth_config: z.strictObject({ scopes: z.strictObject({ bot: z.array(z.string()).max(255) }) }),
  settings: z.strictObject({
    event_subscriptions: z.strictObject({ bot_events: z.array(z.string()).max(100) }),
    interactivity: z.strictObject({ is_enabled: z.literal(true) }),
    org_deploy_enabled: z.boolean(),
    socket_mode_enabled: z.literal(true),
    token_rotation_enabled: z.boolean(),
  }),
});

const read = (command = '/incident', all = commands) =>
  slackTakes.parse(parse(renderManifest({ command, commands: all })));

/** What the bot's own sources say. */
const sources = readdirSync(join(PACKAGE_ROOT, 'src/slack'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(join(PACKAGE_ROOT, 'src/slack', file), 'utf8'))
  .join('\n');
const said = (pattern: RegExp): readonly string[] => [
  ...new Set([...sources.matchAll(pattern)].map(([, found = '']) => found)),
];

describe('the manifest', () => {
  it('on disk is what is rendered; `npm run docs` writes it', () => {
    expect(readFileSync(join(PACKAGE_ROOT, 'manifest.yml'), 'utf8')).toBe(
      renderManifest({ command: '/incident', commands }),
    );
  });

  it('names the slash command of the configuration, and how its verbs are typed', () => {
    const [command] = read('/outage').features.slash_commands;
    expect(command).toMatchObject({
      command: '/outage',
      description: expect.stringContaining('/outage help') as string,
    });
    expect(command?.usage_hint).toMatch(/^declare \[.* \| help \| /);
    for (const { verb } of commands) expect(command?.usage_hint.split(/[ |]+/)).toContain(verb);
  });

  it('is what Slack takes, however many verbs there are', () => {
    const many = Array.from({ length: 20 }, () => commands).flat();
    expect(read('/incident', many).features.slash_commands[0]?.usage_hint.length).toBeGreaterThan(900);
  });

  it('lists each scope and each event once, and no event without its scope', () => {
    const { oauth_config, settings } = read();
    const { bot } = oauth_config.scopes;
    expect(bot).toEqual([...new Set(bot)]);
    expect(settings.event_subscriptions.bot_events).toEqual(Object.keys(EVENTS).sort());
    for (const scope of Object.values(EVENTS)) if (scope !== undefined) expect(bot).toContain(scope);
    for (const reason of Object.values(SCOPES)) expect(reason).toMatch(/^[a-z]/);
  });

  it('has a scope for every method of the Web API that the bot calls', () => {
    const called = said(/\b(?:client|web)\.((?:\w+\.)+\w+)\(/g);
    expect(called.length).toBeGreaterThan(10);
    for (const name of called) {
      const method = methods.get(name);
      expect({ name, known: method !== undefined }).toEqual({ name, known: true });
      const scopes = method?.scopes ?? [];
      if (scopes.length > 0)
        expect({ name, granted: scopes.some((scope) => scope in SCOPES) }).toMatchObject({ granted: true });
    }
  });

  it('asks for no scope that none of its calls and events needs', () => {
    const called = said(/\b(?:client|web)\.((?:\w+\.)+\w+)\(/g);
    const needed = [...called.flatMap((name) => methods.get(name)?.scopes ?? []), ...Object.values(EVENTS)];
    const unneeded = Object.keys(SCOPES).filter((scope) => !needed.includes(scope));
    // Slack takes no slash command and no shortcut without it.
    expect(unneeded).toEqual(['commands']);
  });

  it('subscribes to every event that the bot listens to', () => {
    const kinds = Object.keys(EVENTS).map((event) => event.replace(/\..*/, ''));
    expect(kinds).toEqual(expect.arrayContaining(Object.keys(EVENT_LISTENERS)));
  });

  it('has every shortcut that the bot listens to', () => {
    const ids = read().features.shortcuts.map(({ callback_id }) => callback_id);
    expect(ids.sort()).toEqual(Object.values(SHORTCUT).sort());
  });
});
