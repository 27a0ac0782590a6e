/** Another name for the slash command: it stands in every text that tells somebody what to type. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCommands } from '../../../src/app/load-commands.ts';
import { renderManifest } from '../../../src/slack/manifest.ts';
import { DAY, MINUTE, openRunning, type Running } from '../support.ts';

let dir: string;
let world: Running;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'firebreak-manifest-'));
  const manifestPath = join(dir, 'manifest.yml');
  await writeFile(manifestPath, renderManifest({ command: '/inc', commands: await loadCommands() }));
  world = await openRunning({ command: '/inc', manifestPath });
});
afterAll(async () => {
  await world.close();
  await rm(dir, { recursive: true });
});

test('nobody is told to type a command that Slack does not know', async () => {
  const read: string[] = [];
  const say = async (user: string, channel: string, line: string): Promise<string> => {
    const text = await world.say(user, channel, line);
    read.push(text);
    return text;
  };
  expect(await say('oncall', 'general', 'help')).toContain('`/inc declare');
  expect(await say('oncall', 'general', 'help note')).toContain('`/inc note');
  expect(await say('oncall', 'general', 'statsu mitigated')).toContain('`/inc status mitigated`');
  expect(await say('oncall', 'general', 'list')).toContain('`/inc list all`');
  expect((await world.home('oncall')).text).toContain('`/inc declare');

  const { id, channel } = await world.declare('declare sev1 orders are stuck');
  expect(await say('oncall', 'general', 'declare sev1 orders stuck')).toContain('`/inc declare --anyway');
  expect(await say('oncall', 'general', 'resolve')).toContain(`\`/inc resolve inc-${id}`);
  expect(await say('oncall', channel, 'impact')).toContain('`/inc impact');
  await world.app.propose({
    monitor: 'payments',
    target: 'bank',
    error: 'no such column',
    relations: [],
    firstFailedAt: world.clock.now(),
  });
  await say('oncall', channel, 'escalate database');
  await say('oncall', channel, 'the orders are really stuck');
  await say('oncall', channel, 'rollback nothing');
  await say('oncall', channel, 'run nothing');
  await say('oncall', channel, 'milestone');
  await say('oncall', channel, 'action');
  await say('oncall', channel, 'oncall');
  await say('oncall', channel, 'health');
  await say('viewer', channel, 'catchup');
  await world.advance(31 * MINUTE);
  expect(await say('oncall', channel, 'resolve')).toContain('`/inc postmortem`');
  await say('oncall', channel, 'mitigated');
  await say('oncall', channel, 'postmortem');
  await world.advance(4 * DAY);
  expect((await world.texts('incidents')).join('\n')).toContain('`/inc declare sev2 proposal:1');
  expect((await world.texts(channel)).join('\n')).toContain('`/inc postmortem`');

  const { channels } = await world.control<{ channels: unknown[] }>('GET', 'state');
  expect(JSON.stringify([channels, read])).not.toMatch(/\/incident\b/);
});
