/** A bot that is killed between two levels of an escalation: the next process loses no page and repeats none. */
import { eventually } from '../../support/eventually.ts';
import { type Bots, botsFrom } from '../bot.ts';
import { openRunning, type Running } from '../support.ts';

const LONG_MS = 60_000;
const PATIENT = { within: 20_000 };

let world: Running;
let bots: Bots;
beforeEach(async () => {
  world = await openRunning({
    start: false,
    config: ({ users }) => ({
      teams: {
        dba: {
          levels: [
            { on_call: [users['dba']], wait_min: 0.05 },
            { on_call: [users['commander']], wait_min: 0.05 },
            { on_call: [users['support']] },
          ],
        },
      },
    }),
  });
  bots = botsFrom(world.file, world.env);
});
afterEach(async () => {
  await bots.close();
  await world.close();
});

test(
  'each level is paged once, and told once',
  async () => {
    const first = await bots.start();
    const { channel } = await world.declare('declare sev1 everything is slow');
    await world.say('oncall', channel, 'escalate dba');
    await eventually(async () => (await world.texts('dm-dba')).length > 0);
    await first.kill();
    await bots.start();
    await eventually(async () => (await world.texts('dm-support')).length > 0, PATIENT);
    await world.settled();

    for (const name of ['dba', 'commander', 'support'])
      expect(await world.texts(`dm-${name}`)).toHaveLength(1);
    const told = (await world.texts(channel)).filter((text) => text.includes('Paged'));
    expect(told.map((text) => /Paged dba level \d.*?level \d|Paged dba level \d/.exec(text)?.[0])).toEqual([
      'Paged dba level 1',
      expect.stringMatching(/^Paged dba level 1, no answer in .*, paging dba level 2$/),
      expect.stringMatching(/^Paged dba level 2, no answer in .*, paging dba level 3$/),
    ]);
  },
  LONG_MS,
);
