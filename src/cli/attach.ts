/** How a terminal reaches the store: by DATABASE_URL, or the data folder. */
import { dataDirOf, type Env } from '../config.ts';
import { FirebreakError } from '../errors.ts';
import { type EmbeddedServer, startEmbedded } from '../store/embedded.ts';
import { migrate } from '../store/migrate.ts';
import { openStore, type Store } from '../store/store.ts';

export interface Attached {
  readonly store: Store;
  readonly close: () => Promise<void>;
}

/**
 * Attaches to the server that is running, or starts it for as long as `close` is not called; brings its schema up to
 * date. Throws STORE_TWICE when both name one.
 */
export async function attachStore(options: { dataDir?: string }, env: Env = process.env): Promise<Attached> {
  const attached = await reachStore(options, env);
  try {
    await migrate(attached.store);
    return attached;
  } catch (error) {
    await attached.close();
    throw error;
  }
}

/** The same, with the schema as it is. */
export const reachStore = (options: { dataDir?: string }, env: Env = process.env): Promise<Attached> =>
  reach(options, env, () => Promise.resolve());

/** The same, as the only Firebreak on it. Throws DATA_DIR_IN_USE; of DATABASE_URL only its sessions say who uses it. */
export const claimStore = (options: { dataDir?: string }, env: Env = process.env): Promise<Attached> =>
  reach(options, env, (server) => server.claim());

async function reach(
  options: { dataDir?: string },
  env: Env,
  prepare: (server: EmbeddedServer) => Promise<void>,
): Promise<Attached> {
  const databaseUrl = env['DATABASE_URL'];
  // DATABASE_URL may stand in some .env: whoever types a folder does not mean it, and a bot that has both does.
  if (databaseUrl && options.dataDir !== undefined)
    throw new FirebreakError('STORE_TWICE', { found: options.dataDir });
  if (databaseUrl) return attachedTo(openStore(databaseUrl), () => Promise.resolve());
  const server = await startEmbedded({ dataDir: options.dataDir ?? dataDirOf(env) });
  try {
    await prepare(server);
    await server.ensureDatabase('firebreak');
  } catch (error) {
    await server.leave();
    throw error;
  }
  return attachedTo(openStore(server.url('firebreak')), () => server.leave());
}

const attachedTo = (store: Store, leave: () => Promise<void>): Attached => ({
  store,
  async close() {
    await store.close();
    await leave();
  },
});
