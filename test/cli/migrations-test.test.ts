/** `firebreak migrations test`, through its command line, on a throwaway server of its own. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MigrationReport } from '../../src/databases/trial/report.ts';
import { firebreak } from './support.ts';

const FILES: Readonly<Record<string, readonly [string, string]>> = {
  '1_orders': [
    "create table orders (id int primary key, state text not null); insert into orders select n, 'sent' from generate_series(1, 10) n",
    'drop table orders',
  ],
  '2_due': ['alter table orders add column due date', 'alter table orders drop column due'],
  '3_lossy': ["update orders set state = 'lost'", "update orders set state = 'sent' where id < 5"],
  '9_wrong': ['alter table orders add column a int, add column b int', 'alter table orders drop column a'],
  '5_silent': [
    'create index orders_state on orders (state)',
    'drop index orders_state; set session_replication_role = replica; delete from orders where id = 10',
  ],
  '6_none': ['create table other (id int)', ''],
  '7_do': ['do $$ begin create table made (); end $$', 'drop table made'],
  '8_broken': ['create table x ()', 'drop table y'],
};

describe('migrations test', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'firebreak-trial-test-'));
    for (const [name, [up, down]] of Object.entries(FILES))
      await writeFile(join(dir, `${name}.sql`), `-- Up Migration\n${up};\n-- Down Migration\n${down};\n`);
  });
  afterAll(() => rm(dir, { recursive: true }));

  it('tries each up, down and up, and says what passed, what did not and why', async () => {
    const report = join(dir, 'report.json');
    const markdown = join(dir, 'comment.md');
    const ran = await firebreak([
      'migrations',
      'test',
      '--dir',
      dir,
      '--report',
      report,
      '--markdown',
      markdown,
      '--json',
    ]);
    expect(ran.code).toBe(1);
    expect(ran.err).toContain('These migrations do not pass: 8_broken, 9_wrong');
    const facts = JSON.parse(ran.out) as {
      migrations: {
        name: string;
        result: string;
        reasons: string[];
        found: string[];
        locks: { up: object[] };
      }[];
    };
    expect(facts.migrations.map(({ name, result }) => [name, result])).toEqual([
      ['1_orders', 'passed'],
      ['2_due', 'passed'],
      ['3_lossy', 'passed'],
      ['5_silent', 'passed'],
      ['6_none', 'no-down'],
      ['7_do', 'opaque'],
      ['8_broken', 'failed'],
      ['9_wrong', 'failed'],
    ]);
    const [, due, lossy, silent, , , broken, wrong] = facts.migrations;
    expect(due?.locks.up).toEqual([{ relation: 'orders', mode: 'AccessExclusive' }]);
    expect(lossy?.found).toEqual(['values of orders.state: 6 not as they were']);
    expect(wrong?.reasons[0]).toMatch(
      /^After its down the up fails: column "b" of relation "orders" already exists/,
    );
    expect(silent?.found).toEqual(['rows of orders: 1 not as they were']);
    expect(broken?.reasons[0]).toMatch(/^The down fails: table "y" does not exist/);
    const read = MigrationReport.parse(JSON.parse(await readFile(report, 'utf8')));
    expect(Object.values(read.results).map(({ name }) => name)).toHaveLength(8);
    expect(await readFile(markdown, 'utf8')).toContain('| **failed** |');
  }, 60_000);

  it('refuses a database that is not empty', async () => {
    const url = process.env['FIREBREAK_TEST_SERVER'] ?? '';
    const other = new URL(url);
    other.pathname = '/firebreak_template';
    const ran = await firebreak(['migrations', 'test', '--dir', dir, '--url-env', 'OTHER_URL'], {
      OTHER_URL: other.href,
    });
    expect(ran).toMatchObject({ code: 1 });
    expect(ran.err).toContain('Name an empty one');
  });
});
