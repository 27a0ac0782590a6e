/** How a terminal reaches the store: DATABASE_URL, or the server of the data folder. */
import { dataDirOf, type Env } from '../config.ts';
import { startEmbedded } from '../store/embedded.ts';
import { migrate } from '../store/migrate.ts';
import { openStore, type Store } from '../store/store.ts';

export interface Attached {
  readonly store: Store;
  readonly close: () => Promise<void>;
}

/** Attaches to the server that is running, or starts it for as long as `close` is not called. */
export async function attachStore(options: { dataDir?: string }, env: Env = process.env): Promise<Attached> {
  const databaseUrl = env['DATABASE_URL'];
  if (databaseUrl) return attached(openStore(databaseUrl));
  const server = await startEmbedded({ dataDir: options.dataDir ?? dataDirOf(env) });
  await server.ensureDatabase('firebreak');
  return attached(openStore(server.url('firebreak')), server.adopted ? undefined : () => server.stop());
}

async function attached(store: Store, stop?: () => Promise<void>): Promise<Attached> {
  await migrate(store);
  return {
    store,
    async close() {
      await store.close();
      await stop?.();
    },
  };
}
