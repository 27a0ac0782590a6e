/** A database of its own for a test file: cloned from the migrated template, or empty for target databases. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';

export interface TestDatabase {
  readonly url: string;
  readonly name: string;
  /** The same database as another role. */
  urlAs(user: string, password: string): string;
  drop(): Promise<void>;
}

/** Call in `beforeAll`; `drop` in `afterAll`. Of the server that all tests share, unless another one's URL is given. */
export async function createTestDatabase(
  from: 'store' | 'empty' = 'store',
  server = sharedServer(),
): Promise<TestDatabase> {
  const name = `t_${randomBytes(6).toString('hex')}`;
  const template = from === 'store' ? 'firebreak_template' : 'template0';
  await admin(server, `create database ${name} template ${template} strategy file_copy`);
  return {
    name,
    url: changed(server, (url) => (url.pathname = `/${name}`)),
    urlAs: (user, password) =>
      changed(server, (url) => {
        url.pathname = `/${name}`;
        url.username = user;
        url.password = password;
      }),
    drop: () => admin(server, `drop database if exists ${name} with (force)`),
  };
}

function sharedServer(): string {
  const server = process.env['FIREBREAK_TEST_SERVER'];
  if (server === undefined) throw new Error('FIREBREAK_TEST_SERVER is not set: run the tests by `npm test`');
  return server;
}

function changed(server: string, change: (url: URL) => void): string {
  const url = new URL(server);
  change(url);
  return url.href;
}

async function admin(server: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
