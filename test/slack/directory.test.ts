/** Who somebody is to Slack, at the moment of the act. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Directory } from '../../src/app/app.ts';
import { createDirectory } from '../../src/slack/directory.ts';
import { openWorld, type World } from './support.ts';

let world: World;
let directory: Directory;

beforeAll(async () => {
  world = await openWorld();
  directory = createDirectory(world.client, world.identity);
});
afterAll(() => world.close());

const add = async (name: string, kind: string): Promise<string> => {
  await world.control('POST', 'users', { name, kind });
  const { users } = await world.control<{ users: { id: string; name: string }[] }>('GET', 'state');
  return users.find((user) => user.name === name)?.id ?? '';
};

test('tells members from guests, strangers, bots and those who left', async () => {
  expect(await directory.standing(world.slack.users['dba'] ?? '')).toBe('member');
  expect(await directory.standing(await add('visitor', 'guest'))).toBe('guest');
  expect(await directory.standing(await add('partner', 'foreign'))).toBe('foreign');
  expect(await directory.standing(world.slack.users['firebreak'] ?? '')).toBe('bot');
  expect(await directory.standing('UNOBODY000')).toBe('unknown');
});

test('sees at once that somebody left', async () => {
  const dba = world.slack.users['dba'] ?? '';
  await world.control('PATCH', 'users', { name: 'dba', deactivated: true });
  expect(await directory.standing(dba)).toBe('deactivated');
});

test('does not guess when Slack does not answer', async () => {
  await world.fault({ method: 'users.info', kind: 'error' });
  await expect(directory.standing(world.slack.users['oncall'] ?? '')).rejects.toThrow();
});

test('asks no more for as long as Slack said, and then asks again', async () => {
  let time = new Date('2026-06-03T10:00:00Z');
  const patient = createDirectory(world.client, world.identity, () => time);
  const oncall = world.slack.users['oncall'] ?? '';
  const asked = async (): Promise<number> =>
    (await world.control<[]>('GET', 'calls?method=users.info')).length;
  await world.fault({ method: 'users.info', kind: 'ratelimit', retry_after: 30 });
  await expect(patient.standing(oncall)).rejects.toThrow();
  const before = await asked();
  time = new Date(time.getTime() + 29_000);
  await expect(patient.standing(oncall)).rejects.toThrow();
  expect(await asked()).toBe(before);
  time = new Date(time.getTime() + 2000);
  expect(await patient.standing(oncall)).toBe('member');
});
