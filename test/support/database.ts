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

/** Call in `beforeAll`; `drop` in `afterAll`. */
export async function createTestDatabase(from: 'store' | 'empty' = 'store'): Promise<TestDatabase> {
  const name = `t_${randomBytes(6).toString('hex')}`;
  const template = from === 'store' ? 'firebreak_template' : 'template0';
  await admin(`create database ${name} template ${template} strategy file_copy`);
  return {
    name,
    url: serverUrl((url) => (url.pathname = `/${name}`)),
    urlAs: (user, password) =>
      serverUrl((url) => {
        url.pathname = `/${name}`;
        url.username = user;
        url.password = password;
      }),
    drop: () => admin(`drop database if exists ${name} with (force)`),
  };
}

function serverUrl(change: (url: URL) => void): string {
  const server = process.env['FIREBREAK_TEST_SERVER'];
  if (server === undefined) throw new Error('FIREBREAK_TEST_SERVER is not set: run the tests by `npm test`');
  const url = new URL(server);
  change(url);
  return url.href;
}

async function admin(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl(() => undefined) });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
