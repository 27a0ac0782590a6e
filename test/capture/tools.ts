/** The real migration tools, as a project would use them: the same three migrations written for each. */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import makeKnex, { type Knex } from 'knex';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { type QueryInterface, Sequelize } from 'sequelize';
import { DataSource } from 'typeorm';
import { SequelizeStorage, Umzug } from 'umzug';
import type { MigrationTool } from '../../src/domain/migration-tools.ts';

/** What a project does with its tool, on one database. */
export interface Tool {
  readonly tool: MigrationTool;
  /** Writes the migrations; the last one only when it is asked for. */
  write(dir: string, count: number): Promise<void>;
  /** Applies what is pending. */
  up(dir: string, url: string): Promise<void>;
  /** The names of what the tool itself would apply now, as its history would hold them. */
  pending(dir: string, url: string): Promise<readonly string[]>;
  /** The names of the three, in order. */
  readonly names: readonly string[];
}

const UPS = [
  'create table parcels (id bigint primary key, state text not null)',
  "insert into parcels values (1, 'sent'), (2, 'lost')",
  'alter table parcels add column due date; create index parcels_due on parcels (due)',
];
const DOWNS = [
  'drop table parcels',
  'delete from parcels where id in (1, 2)',
  'alter table parcels drop column due',
];
const AT = [1700000000001, 1700000000002, 1700000000003];
const WHAT = ['create', 'fill', 'due'];

const each = (count: number): readonly number[] => [0, 1, 2].slice(0, count);
const quoted = (sql: string): string[] => sql.split('; ').map((one) => JSON.stringify(one));

const nodePgMigrate: Tool = {
  tool: 'node-pg-migrate',
  names: AT.map((at, i) => `${at}_${WHAT[i]}`),
  async write(dir, count) {
    for (const i of each(count)) {
      // The last one is code: printed by the tool's own builder, its down turned around by the tool.
      const [file, text] =
        i === 2
          ? [
              'js',
              "exports.up = (pgm) => { pgm.addColumns('parcels', { due: 'date' }); pgm.createIndex('parcels', 'due', { name: 'parcels_due' }); };",
            ]
          : ['sql', `-- Up Migration\n${UPS[i]};\n-- Down Migration\n${DOWNS[i]};`];
      await writeFile(join(dir, `${AT[i]}_${WHAT[i]}.${file}`), text);
    }
  },
  up: async (dir, url) => {
    await running(dir, url, { singleTransaction: false });
  },
  pending: async (dir, url) => (await running(dir, url, { dryRun: true })).map(({ name }) => name),
};

/** A client of its own it would end without waiting, and the database is dropped soon. */
async function running(
  dir: string,
  connectionString: string,
  more: { singleTransaction?: false; dryRun?: true },
) {
  const dbClient = new pg.Client({ connectionString });
  await dbClient.connect();
  try {
    const log = () => undefined;
    return await runner({ dbClient, dir, direction: 'up', migrationsTable: 'pgmigrations', log, ...more });
  } finally {
    await dbClient.end();
  }
}

const knex: Tool = {
  tool: 'knex',
  names: AT.map((at, i) => `${at}_${WHAT[i]}.js`),
  async write(dir, count) {
    const raw = (sql = ''): string =>
      quoted(sql)
        .map((one) => `await knex.raw(${one});`)
        .join(' ');
    const bodies = [
      [raw(UPS[0]), "await knex.schema.dropTable('parcels');"],
      [
        "await knex('parcels').insert([{ id: 1, state: 'sent' }, { id: 2, state: 'lost' }]);",
        "await knex('parcels').whereIn('id', [1, 2]).del();",
      ],
      [
        "await knex.schema.alterTable('parcels', (t) => { t.date('due'); t.index('due', 'parcels_due'); });",
        "await knex.schema.alterTable('parcels', (t) => { t.dropColumn('due'); });",
      ],
    ];
    for (const i of each(count)) {
      const [up, down] = bodies[i] ?? [];
      const text = `exports.up = async (knex) => { ${up} };\nexports.down = async (knex) => { ${down} };`;
      await writeFile(join(dir, `${AT[i]}_${WHAT[i]}.js`), text);
    }
  },
  up: (dir, url) =>
    withKnex(dir, url, async (db) => {
      await db.migrate.latest();
    }),
  pending: (dir, url) =>
    withKnex(dir, url, async (db) => {
      const [, pending] = (await db.migrate.list()) as [unknown, { readonly file: string }[]];
      return pending.map(({ file }) => file);
    }),
};

async function withKnex<T>(dir: string, url: string, work: (db: Knex) => Promise<T>): Promise<T> {
  const db: Knex = makeKnex({ client: 'pg', connection: url, migrations: { directory: dir } });
  return work(db).finally(() => db.destroy());
}

const typeorm: Tool = {
  tool: 'typeorm',
  names: AT.map((at, i) => `${WHAT[i]}${at}`),
  async write(dir, count) {
    for (const i of each(count)) {
      const body = (sql = ''): string =>
        quoted(sql)
          .map((one) => `await runner.query(${one});`)
          .join(' ');
      const text = `exports.${WHAT[i]}${AT[i]} = class ${WHAT[i]}${AT[i]} {
        async up(runner) { ${i === 2 ? "await runner.query('alter table parcels add column due date'); await runner.query(`create index parcels_due on parcels (due)`);" : body(UPS[i])} }
        async down(runner) { ${body(DOWNS[i])} }
      };`;
      await writeFile(join(dir, `${AT[i]}-${WHAT[i]}.js`), text);
    }
  },
  up: (dir, url) =>
    withSource(dir, url, async (it) => {
      await it.runMigrations({ transaction: 'each' });
    }),
  pending: (dir, url) =>
    withSource(dir, url, async (it) => {
      const rows = await it.query<{ name: string }[]>('select name from migrations');
      const known = it.migrations.map((one) => one.name ?? one.constructor.name).sort();
      return known.filter((name) => !rows.some((row) => row.name === name));
    }),
};

async function withSource<T>(dir: string, url: string, work: (it: DataSource) => Promise<T>): Promise<T> {
  const source = new DataSource({
    type: 'postgres',
    url,
    migrations: [join(dir, '*.js')],
    installExtensions: false,
  });
  await source.initialize();
  return work(source).finally(() => source.destroy());
}

const umzug: Tool = {
  tool: 'umzug',
  names: AT.map((at, i) => `${at}_${WHAT[i]}.js`),
  async write(dir, count) {
    const bodies = [
      [
        "await q.sequelize.query('create table parcels (id bigint primary key, state text not null)');",
        "await q.dropTable('parcels');",
      ],
      [
        "await q.bulkInsert('parcels', [{ id: 1, state: 'sent' }, { id: 2, state: 'lost' }]);",
        "await q.bulkDelete('parcels', { id: [1, 2] });",
      ],
      [
        "await q.addColumn('parcels', 'due', { type: 'date' }); await q.addIndex('parcels', ['due'], { name: 'parcels_due' });",
        "await q.removeColumn('parcels', 'due');",
      ],
    ];
    for (const i of each(count)) {
      const [up, down] = bodies[i] ?? [];
      const text = `exports.up = async ({ context: q }) => { ${up} };\nexports.down = async ({ context: q }) => { ${down} };`;
      await writeFile(join(dir, `${AT[i]}_${WHAT[i]}.js`), text);
    }
  },
  up: (dir, url) =>
    withUmzug(dir, url, async (it) => {
      await it.up();
    }),
  pending: (dir, url) => withUmzug(dir, url, async (it) => (await it.pending()).map(({ name }) => name)),
};

async function withUmzug<T>(
  dir: string,
  url: string,
  work: (it: Umzug<QueryInterface>) => Promise<T>,
): Promise<T> {
  const sequelize = new Sequelize(url, { logging: false });
  const it = new Umzug({
    migrations: { glob: ['*.js', { cwd: dir }] },
    context: sequelize.getQueryInterface(),
    storage: new SequelizeStorage({ sequelize }),
    logger: undefined,
  });
  return work(it).finally(() => sequelize.close());
}

const drizzleTool: Tool = {
  tool: 'drizzle',
  names: AT.map(String),
  async write(dir, count) {
    await mkdir(join(dir, 'meta'), { recursive: true });
    const entries = each(count).map((i) => ({
      idx: i,
      version: '7',
      when: AT[i],
      tag: `000${i}_${WHAT[i]}`,
      breakpoints: true,
    }));
    await writeFile(
      join(dir, 'meta/_journal.json'),
      JSON.stringify({ version: '7', dialect: 'postgresql', entries }),
    );
    for (const i of each(count))
      await writeFile(
        join(dir, `000${i}_${WHAT[i]}.sql`),
        `${UPS[i]?.replace('; ', ';\n--> statement-breakpoint\n')};`,
      );
  },
  async up(dir, url) {
    const pool = new pg.Pool({ connectionString: url });
    await migrate(drizzle(pool), { migrationsFolder: dir }).finally(() => pool.end());
  },
  // It has no such verb: it applies what is younger than the newest row.
  async pending(_dir, url) {
    const pool = new pg.Pool({ connectionString: url });
    const { rows } = await pool
      .query<{ newest: string }>(
        'select coalesce(max(created_at), 0)::text as newest from drizzle.__drizzle_migrations',
      )
      .finally(() => pool.end());
    return AT.filter((at) => at > Number(rows[0]?.newest)).map(String);
  },
};

const dbmate: Tool = {
  tool: 'dbmate',
  names: AT.map(String),
  async write(dir, count) {
    for (const i of each(count))
      await writeFile(
        join(dir, `${AT[i]}_${WHAT[i]}.sql`),
        `-- migrate:up\n${UPS[i]};\n\n-- migrate:down\n${DOWNS[i]};\n`,
      );
  },
  up: async (dir, url) => {
    await runDbmate(dir, url, 'up');
  },
  pending: async (dir, url) =>
    (await runDbmate(dir, url, 'status'))
      .split('\n')
      .flatMap((line) => /^\[ \] (\d+)_/.exec(line)?.[1] ?? []),
};

async function runDbmate(dir: string, url: string, verb: string): Promise<string> {
  const bin = join(import.meta.dirname, '../../node_modules/.bin/dbmate');
  const { stdout } = await promisify(execFile)(bin, [
    '--no-dump-schema',
    '-d',
    dir,
    '-u',
    `${url}?sslmode=disable`,
    verb,
  ]);
  return stdout;
}

export const TOOLS: readonly Tool[] = [nodePgMigrate, knex, typeorm, umzug, drizzleTool, dbmate];
