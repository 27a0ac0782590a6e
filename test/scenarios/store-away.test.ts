/** The bot as a process whose store goes away, and which is killed with what it kept. */
import pg from 'pg';
import { type Answered, openWorld, type World } from '../slack/support.ts';
import { eventually } from '../support/eventually.ts';
import { type Bots, botsOf } from './bot.ts';

/** Less than what a crash left has to wait, on a busy machine. */
const AT_ONCE = { within: 12_000 };

let world: World;
let bots: Bots;
let admin: pg.Client;

beforeAll(async () => {
  world = await openWorld();
  bots = await botsOf(world);
  admin = new pg.Client({ connectionString: process.env['FIREBREAK_TEST_SERVER'] });
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await bots.close();
  await world.close();
});

async function storeIs(there: boolean): Promise<void> {
  const { name } = world.database;
  await admin.query(`alter database ${name} allow_connections ${there}`);
  if (there) return;
  await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
}

const type = async (text: string): Promise<string> => {
  const said = { user: 'oncall', channel: 'incidents', text: `/incident ${text}` };
  const { responses } = await world.control<Answered>('POST', 'commands', said);
  return responses.map((each) => each.text).join('\n');
};

it('what it kept is done at once, and once, by the next process, after a kill -9', async () => {
  const bot = await bots.start();
  await storeIs(false);
  expect(await type('rollback 3')).toContain('*refused*');
  expect(await type('declare sev2 orders are down')).toContain('kept on disk');
  await bot.kill();

  await storeIs(true);
  await bots.start();
  const texts = async (): Promise<readonly string[]> =>
    (await world.messages('incidents'))
      .map(({ text }) => text)
      .filter((text) => text.startsWith('Incident 1'));
  await eventually(async () => (await texts()).length > 0, AT_ONCE);
  await eventually(async () => {
    const { rows } = await world.store.query<{ left: number }>(
      `select (select count(*) from outbox where state <> 'sent')::int
              + (select count(*) from inbox where state = 'received')::int as left`,
    );
    return rows[0]?.left === 0;
  });
  expect(await texts()).toHaveLength(1);
  const { rows } = await world.store.query('select from incidents');
  expect(rows).toHaveLength(1);
}, 60_000);
