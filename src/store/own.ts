/** The bot's own store: DATABASE_URL, or the embedded server of the data folder, which it then owns. */
import type { Logger } from '../log.ts';
import { startEmbedded } from './embedded.ts';
import { migrate } from './migrate.ts';
import { openStore, type Store } from './store.ts';

export interface OwnStore {
  readonly store: Store;
  readonly close: () => Promise<void>;
}

/** Opens and migrates the store. Throws DATA_DIR_IN_USE when another Firebreak owns the data folder. */
export async function openOwnStore(
  where: { databaseUrl?: string; dataDir: string },
  log: Logger,
): Promise<OwnStore> {
  if (where.databaseUrl !== undefined) return opened(where.databaseUrl, log, () => Promise.resolve());
  const server = await startEmbedded({ dataDir: where.dataDir });
  await server.claim();
  await server.ensureDatabase('firebreak');
  return opened(server.url('firebreak'), log, () => server.stop());
}

async function opened(url: string, log: Logger, stop: () => Promise<void>): Promise<OwnStore> {
  const store = openStore(url, (error) => log.warn({ err: error }, 'an idle connection to the store broke'));
  const close = async (): Promise<void> => {
    await store.close();
    await stop();
  };
  try {
    await migrate(store);
  } catch (error) {
    await close();
    throw error;
  }
  return { store, close };
}
