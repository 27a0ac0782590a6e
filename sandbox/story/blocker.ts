/** The forgotten connection: a session idle in a transaction whose lock makes every ALTER of the table wait. */
import pg from 'pg';
import type { Blocker } from './seed.ts';

export interface OpenBlocker {
  readonly pid: number;
  readonly application: string;
  /** Resolves when the session is over: terminated by somebody, or released. */
  readonly ended: Promise<void>;
  isOpen(): boolean;
  /** Ends the transaction and the session politely; does nothing when it is already gone. */
  release(): Promise<void>;
}

/** Open it after the release was applied (it would block that too), on the name the table has then. */
export async function openBlocker(options: {
  readonly urls: { readonly app: string; readonly owner: string };
  readonly blocker: Blocker;
  readonly table: string;
}): Promise<OpenBlocker> {
  const { application, role, lock } = options.blocker;
  const client = new pg.Client({ connectionString: options.urls[role], application_name: application });
  client.on('error', () => undefined); // To be terminated is its part in the story.
  let open = true;
  const ended = new Promise<void>((resolve) => {
    client.once('end', () => {
      open = false;
      resolve();
    });
  });
  await client.connect();
  const release = async (): Promise<void> => {
    await client.end().catch(() => undefined);
  };
  const pid = await takeLock(client, options.table, lock).catch(async (error: unknown) => {
    await release();
    throw error;
  });
  return { pid, application, ended, isOpen: () => open, release };
}

async function takeLock(client: pg.Client, table: string, lock: Blocker['lock']): Promise<number> {
  const name = pg.escapeIdentifier(table);
  const forUpdate = lock === 'row' ? 'for update' : '';
  await client.query('begin');
  await client.query(`select order_id from ${name} order by order_id limit 1 ${forUpdate}`);
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  if (rows[0] === undefined) throw new Error('the session has no pid');
  return rows[0].pid;
}
