/** Stores of the bot's own for trials that go side by side, on a server apart from what is broken. */
import pg from 'pg';
import { openAll } from '../src/closing.ts';
import { migrate } from '../src/store/migrate.ts';
import { openStore, type Store } from '../src/store/store.ts';
import { startServer } from '../test/support/server.ts';

export interface Stores {
  readonly stores: readonly Store[];
  close(): Promise<void>;
}

/** Opens so many. */
export const openStores = (count: number): Promise<Stores> =>
  openAll(async (onClose) => {
    const server = await startServer();
    onClose(() => server.stop());
    const admin = new pg.Client({ connectionString: server.url });
    await admin.connect();
    const stores: Store[] = [];
    for (let store = 1; store <= count; store += 1) {
      await admin.query(`create database store_${store}`);
      stores.push(openStore(changed(server.url, `/store_${store}`)));
    }
    await admin.end();
    for (const store of stores) {
      onClose(() => store.close());
      await migrate(store);
    }
    return { stores };
  });

function changed(server: string, path: string): string {
  const url = new URL(server);
  url.pathname = path;
  return url.href;
}
