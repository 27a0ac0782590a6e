/**
 * Migrations of all kinds, each applied and rolled back on a real database: afterwards schema, rights and rows are
 * compared with those before, and every difference must have been announced in the plan.
 */
import type pg from 'pg';
import type { Loss } from '../../src/databases/analyse/losses.ts';
import { executeRollback, planRollback } from '../../src/databases/rollback.ts';
import { compareSchemas, differenceText, readSchema, type Schema } from '../../src/databases/schema.ts';
import { compareRows, keepRows, rowDifferenceText } from '../../src/databases/trial/rows.ts';
import { isAnnounced } from '../../src/databases/trial.ts';
import { captured, createShop, type Shop } from './shop.ts';

interface Case {
  readonly up: string;
  readonly down: string | undefined;
  /** `same`: nothing differs. `announced`: something differs, and the plan said so. Else how it is refused or stopped. */
  readonly ends: 'same' | 'announced' | (string & {});
}

const BASE = `
  create type mood as enum ('calm', 'busy');
  create table people (id int primary key, name text not null, mail varchar(60), mood mood not null default 'calm', age int,
    constraint people_age check (age > 0));
  create index people_mail on people (mail);
  comment on column people.mail is 'where to write to';
  create table items (id serial primary key, person int not null references people on delete cascade, note text, price numeric(10, 2) not null);
  create index items_person on items (person);
  create view richest as select p.name, i.price from people p join items i on i.person = p.id;
  grant select on richest to public;
  grant select (name) on people to public;
  create function doubled(n int) returns int language sql immutable as 'select n * 2';
  create function stamp() returns trigger language plpgsql as 'begin new.note := coalesce(new.note, ''-''); return new; end';
  create trigger stamped before insert on items for each row execute function stamp();
  create table parts (id int, day date not null) partition by range (day);
  create table parts_1 partition of parts for values from ('2026-01-01') to ('2026-02-01');
  create table loose (id int, day date not null);
  create sequence tickets;
  create policy own on items using (true);
  insert into people select n, 'name ' || n, 'mail' || n || '@example.com', 'calm', n from generate_series(1, 20) n;
  insert into items (person, note, price) select n, 'note', n * 1.5 from generate_series(1, 20) n;
  insert into parts values (1, '2026-01-05'); insert into loose values (2, '2026-03-05');`;

const CASES: Readonly<Record<string, Case>> = {
  'add a column': {
    up: 'alter table people add column city text',
    down: 'alter table people drop column city',
    ends: 'same',
  },
  'add a column with a default': {
    up: "alter table people add column city text not null default 'x'",
    down: 'alter table people drop column city',
    ends: 'same',
  },
  'drop a column': {
    up: 'alter table people drop column age',
    down: 'alter table people add column age int',
    ends: 'announced',
  },
  'drop a column with index and comment': {
    up: 'alter table people drop column mail',
    down: 'alter table people add column mail varchar(60)',
    ends: 'announced',
  },
  'rename a column': {
    up: 'alter table people rename column mail to email',
    down: 'alter table people rename column email to mail',
    ends: 'same',
  },
  'rename a table': {
    up: 'alter table loose rename to lost',
    down: 'alter table lost rename to loose',
    ends: 'same',
  },
  'narrow a type': {
    up: 'alter table people alter column mail type varchar(5) using left(mail, 5)',
    down: 'alter table people alter column mail type varchar(60)',
    ends: 'announced',
  },
  'widen a type': {
    up: 'alter table people alter column mail type varchar(80)',
    down: 'alter table people alter column mail type varchar(60)',
    ends: 'same',
  },
  'set not null': {
    up: 'alter table people alter column mail set not null',
    down: 'alter table people alter column mail drop not null',
    ends: 'same',
  },
  'drop not null': {
    up: 'alter table people alter column name drop not null',
    down: 'alter table people alter column name set not null',
    ends: 'same',
  },
  'change a default': {
    up: "alter table people alter column mood set default 'busy'",
    down: 'alter table people alter column mood drop default',
    ends: 'announced',
  },
  'add an enum value': { up: "alter type mood add value 'sad'", down: 'select 1', ends: 'announced' },
  'rename an enum value': {
    up: "alter type mood rename value 'busy' to 'hectic'",
    down: "alter type mood rename value 'hectic' to 'busy'",
    ends: 'same',
  },
  'create an index': {
    up: 'create index people_name on people (name)',
    down: 'drop index people_name',
    ends: 'same',
  },
  'create an index concurrently, dropped plainly': {
    up: 'create index concurrently people_name on people (name)',
    down: 'drop index people_name',
    ends: 'same',
  },
  'drop an index': {
    up: 'drop index people_mail',
    down: 'create index people_mail on people (mail)',
    ends: 'same',
  },
  'a constraint, not valid': {
    up: "alter table people add constraint named check (name <> '') not valid",
    down: 'alter table people drop constraint named',
    ends: 'same',
  },
  'drop a constraint': {
    up: 'alter table people drop constraint people_age',
    down: 'alter table people add constraint people_age check (age > 0)',
    ends: 'same',
  },
  'a foreign key': {
    up: 'alter table loose add constraint loose_person foreign key (id) references people (id)',
    down: 'alter table loose drop constraint loose_person',
    ends: 'same',
  },
  'drop a foreign key': {
    up: 'alter table items drop constraint items_person_fkey',
    down: 'alter table items add constraint items_person_fkey foreign key (person) references people',
    ends: 'announced',
  },
  'UPDATE with WHERE': {
    up: "update people set name = 'X' where id < 5",
    down: "update people set name = 'Y' where id < 5",
    ends: 'announced',
  },
  'UPDATE without WHERE': {
    up: 'update items set price = price * 2; alter table items add column x int',
    down: 'alter table items drop column x',
    ends: 'announced',
  },
  dedupe: {
    up: 'delete from people a using people b where a.id > b.id and a.mood = b.mood and a.id > 15; create unique index one_name on people (name)',
    down: 'drop index one_name',
    ends: 'announced',
  },
  'DELETE that a foreign key passes on': {
    up: 'delete from people where id = 1; alter table people add column x int',
    down: 'alter table people drop column x',
    ends: 'announced',
  },
  'TRUNCATE with CASCADE': {
    up: 'truncate people cascade; alter table people add column x int',
    down: 'alter table people drop column x',
    ends: 'announced',
  },
  'split a table': {
    up: 'create table mails (person int primary key references people, mail text); insert into mails select id, mail from people; alter table people drop column mail',
    down: 'alter table people add column mail varchar(60); update people p set mail = m.mail from mails m where m.person = p.id; drop table mails',
    ends: 'announced',
  },
  'merge two tables': {
    up: 'insert into parts select id, day from loose where false; alter table items add column day date; update items i set day = l.day from loose l where l.id = i.id; drop table loose',
    down: 'create table loose (id int, day date not null); insert into loose select id, day from items where day is not null; alter table items drop column day',
    ends: 'same',
  },
  'a trigger': {
    up: 'create trigger again before update on items for each row execute function stamp()',
    down: 'drop trigger again on items',
    ends: 'same',
  },
  'drop a trigger': {
    up: 'drop trigger stamped on items',
    down: 'create trigger stamped before insert on items for each row execute function stamp()',
    ends: 'same',
  },
  'disable a trigger': {
    up: 'alter table items disable trigger stamped',
    down: 'alter table items enable trigger stamped',
    ends: 'same',
  },
  'a view with grants, dropped and made again': {
    up: 'drop view richest',
    down: 'create view richest as select p.name, i.price from people p join items i on i.person = p.id',
    ends: 'announced',
  },
  'a view, dropped and made anew by both': {
    up: 'drop view richest; create view richest as select p.name, i.price, i.note from people p join items i on i.person = p.id',
    down: 'drop view richest; create view richest as select p.name, i.price from people p join items i on i.person = p.id',
    ends: 'announced',
  },
  'a table, dropped and made anew by both': {
    up: 'drop table loose; create table loose (id bigint, day date not null)',
    down: 'drop table loose; create table loose (id int, day date not null)',
    ends: 'announced',
  },
  'a view, replaced': {
    up: 'create or replace view richest as select p.name, i.price from people p join items i on i.person = p.id where i.price > 5',
    down: 'create or replace view richest as select p.name, i.price from people p join items i on i.person = p.id where i.price > 6',
    ends: 'announced',
  },
  'a view, replaced and dropped by its down': {
    up: 'create or replace view richest as select name, 1::numeric(10,2) as price from people',
    down: 'drop view richest',
    ends: 'announced',
  },
  'attach a partition': {
    up: "alter table parts attach partition loose for values from ('2026-03-01') to ('2026-04-01')",
    down: 'alter table parts detach partition loose',
    ends: 'same',
  },
  'make a partition': {
    up: "create table parts_2 partition of parts for values from ('2026-02-01') to ('2026-03-01')",
    down: 'drop table parts_2',
    ends: 'same',
  },
  'a function behind an index': {
    up: "create index people_doubled on people (doubled(id)); create or replace function doubled(n int) returns int language sql immutable as 'select n * 3'",
    down: 'drop index people_doubled',
    ends: 'announced',
  },
  'a new function': {
    up: "create function tripled(n int) returns int language sql immutable as 'select n * 3'",
    down: 'drop function tripled(int)',
    ends: 'same',
  },
  'a sequence': { up: 'create sequence bills', down: 'drop sequence bills', ends: 'same' },
  'a sequence that is set': {
    up: "select setval('tickets', 500); alter sequence tickets increment by 10",
    down: 'alter sequence tickets increment by 1',
    ends: 'announced',
  },
  'rights given': {
    up: 'grant insert on loose to public',
    down: 'revoke insert on loose from public',
    ends: 'same',
  },
  'rights taken': { up: 'revoke select on richest from public', down: 'select 1', ends: 'announced' },
  'a comment': {
    up: "comment on table people is 'all of them'",
    down: 'comment on table people is null',
    ends: 'same',
  },
  'row security': {
    up: 'alter table items enable row level security',
    down: 'alter table items disable row level security',
    ends: 'same',
  },
  'a policy, dropped': {
    up: 'drop policy own on items',
    down: 'create policy own on items using (id > 0)',
    ends: 'announced',
  },
  MERGE: {
    up: "merge into people p using loose l on l.id = p.id when matched then update set name = 'M' when not matched then insert (id, name) values (l.id, 'N'); alter table people add column x int",
    down: 'alter table people drop column x',
    ends: 'announced',
  },
  INSERT: {
    up: "insert into people (id, name) values (100, 'new'); alter table people add column x int",
    down: 'delete from people where id = 100; alter table people drop column x',
    ends: 'same',
  },
  'a DO block': {
    up: "do $$ begin update people set name = 'X'; end $$",
    down: 'select 1',
    ends: 'announced',
  },
  'a DO block in the down': {
    up: 'create table made (id int)',
    down: 'do $$ begin drop table made; end $$',
    ends: 'MIGRATION_OPAQUE_DOWN',
  },
  'an empty down': { up: 'create table made (id int)', down: '-- nothing', ends: 'MIGRATION_NO_DOWN' },
  'no down': { up: 'create table made (id int)', down: undefined, ends: 'MIGRATION_NO_DOWN' },
  'a wrong down': {
    up: 'alter table people add column a int, add column b int',
    down: 'alter table people drop column a',
    ends: 'announced',
  },
  'a down that fails halfway': {
    up: 'alter table people add column a int',
    down: 'alter table people drop column a; drop table nowhere',
    ends: 'MIGRATION_DOWN_TABLE_UNSEEN',
  },
  'a down that fails at its last statement': {
    up: 'alter table people add column a int',
    down: 'alter table people drop column a; alter table people add constraint no check (age > 5)',
    ends: 'FAILED',
  },
  'a down that leaves data wrong': {
    up: 'alter table people rename column age to years',
    down: "alter table people rename column years to age; update people set mood = 'busy'",
    ends: 'announced',
  },
  'a down that drops something else': {
    up: 'alter table people add column a int',
    down: 'alter table people drop column a; drop table loose',
    ends: 'announced',
  },
  'a down with CASCADE': {
    up: 'alter table people add column a int',
    down: 'alter table people drop column a cascade',
    ends: 'MIGRATION_DOWN_CASCADES',
  },
  'another schema': {
    up: 'create schema other; create table other.t (id int primary key)',
    down: 'drop table other.t; drop schema other',
    ends: 'MIGRATION_DOWN_TABLE_UNSEEN',
  },
};

describe('a migration of each kind', () => {
  let shop: Shop;
  let owner: pg.Client;
  let before: Schema;
  beforeEach(async () => {
    shop = await createShop({ probes: [] });
    owner = await shop.connect('owner');
    await owner.query(BASE);
    await keepRows(shop.admin);
    before = await schema();
  });
  afterEach(async () => {
    await owner.end();
    await shop.close();
  });

  const schema = (): Promise<Schema> =>
    readSchema(
      async <Row extends object>(sql: string) => (await shop.admin.query<Row>(sql)).rows,
      ['public.pgmigrations', 'public.pgmigrations_id_seq'],
    );
  const positions = async (): Promise<string> =>
    JSON.stringify(
      await shop.query("select sequencename, last_value from pg_sequences where sequencename = 'tickets'"),
    );

  it.each(Object.entries(CASES))('%s', async (_name, { up, down, ends }) => {
    const migration = captured('2_it', up, down);
    const at = await positions();
    await (/concurrently|alter type mood add/.test(up) ? applyOutside(migration.up) : shop.apply(migration));
    const there = await schema();
    const planned = await planRollback(shop.target, {
      migration: '2_it',
      captured: [migration],
      snapshotSchema: 'firebreak_1',
    });
    if (!planned.ok) {
      expect(planned.code).toMatch(ends);
      expect(compareSchemas(there, await schema())).toEqual([]);
      return;
    }
    const outcome = await executeRollback(shop.target, planned.plan, {
      marker: { run: 'matrix', step: 1, epoch: 1 },
      onXid: () => Promise.resolve(),
    });
    if (outcome.state === 'stopped') {
      expect(outcome.code).toBe(ends);
      expect(compareSchemas(there, await schema())).toEqual([]);
      return;
    }
    const announced = planned.plan.facts['announced'] as readonly Loss[];
    const found = [
      ...compareSchemas(before, await schema()).map((it) => ({ it, text: differenceText(it) })),
      ...(await compareRows(shop.admin))
        .filter(({ on }) => on !== 'pgmigrations')
        .map((it) => ({ it, text: rowDifferenceText(it) })),
      ...(at === (await positions())
        ? []
        : [
            {
              it: { object: 'sequence public.tickets', on: 'tickets', lost: 1, extra: 0 },
              text: 'the position of tickets',
            },
          ]),
    ];
    const silent = found.filter(({ it }) => !isAnnounced(it, announced)).map(({ text }) => text);
    expect({ silent, plan: planned.plan.summary }).toEqual({ silent: [], plan: planned.plan.summary });
    // What was announced stands in the plan, word by word.
    for (const { text } of announced) expect(planned.plan.summary.join('\n')).toContain(text);
    expect(found.length === 0 ? 'same' : 'announced').toBe(ends);
    if (ends === 'announced') expect(planned.plan.summary.join('\n')).not.toContain('Undoes everything');
  });

  async function applyOutside(sql: string): Promise<void> {
    await owner.query(sql);
    await owner.query("insert into pgmigrations (name, run_on) values ('2_it', now())");
  }
});
