/** The bot's own store: DATABASE_URL, or the embedded server of the data folder, which it then owns. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../log.ts';
import { isAway } from './away.ts';
import { startEmbedded } from './embedded.ts';
import { migrate } from './migrate.ts';
import { openSpool, type Spool } from './spool.ts';
import { type SlackApp, spoolFolder } from './spool-folder.ts';
import { openStore, type Store } from './store.ts';

export interface OwnStore {
  readonly store: Store;
  /** In the data folder, one for each Slack app; also beside a store that is elsewhere. */
  readonly spool: Spool;
  readonly close: () => Promise<void>;
}

/** Opens and migrates the store. Throws DATA_DIR_IN_USE when another Firebreak owns the data folder. */
export async function openOwnStore(
  where: { databaseUrl?: string; dataDir: string; slack: { readonly link: SlackApp } },
  log: Logger,
): Promise<OwnStore> {
  const spool = openSpool(spoolFolder(where.dataDir, where.slack.link), log);
  if (where.databaseUrl !== undefined) {
    const ready = (store: Store): Promise<unknown> => onceThere(() => migrate(store), log);
    return { spool, ...(await opened(where.databaseUrl, log, ready, () => Promise.resolve())) };
  }
  const server = await startEmbedded({ dataDir: where.dataDir });
  await server.claim();
  await server.ensureDatabase('firebreak');
  return { spool, ...(await opened(server.url('firebreak'), log, migrate, () => server.stop())) };
}

async function opened(
  url: string,
  log: Logger,
  ready: (store: Store) => Promise<unknown>,
  stop: () => Promise<void>,
): Promise<Pick<OwnStore, 'store' | 'close'>> {
  const store = openStore(url, (error) => log.warn({ err: error }, 'an idle connection to the store broke'));
  const close = async (): Promise<void> => {
    await store.close();
    await stop();
  };
  try {
    await ready(store);
  } catch (error) {
    await close();
    throw error;
  }
  return { store, close };
}

/** After that, whoever started us has to know. */
const PATIENCE_MS = 5 * 60_000;
const PAUSE_MS = 1000;

/** A server that restarts, or comes up after us, must not need somebody who starts the bot again. */
async function onceThere(attempt: () => Promise<unknown>, log: Logger): Promise<void> {
  const begun = performance.now();
  for (let failures = 1; ; failures += 1) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (!isAway(error) || performance.now() - begun > PATIENCE_MS) throw error;
      // The 1st, 2nd, 4th, 8th: neither silent nor a flood.
      if (Number.isInteger(Math.log2(failures)))
        log.warn({ err: error, failures }, 'the store is away: waiting for it');
    }
    await sleep(PAUSE_MS);
  }
}
