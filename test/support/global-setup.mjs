import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tsImport } from 'tsx/esm/api';

/** One PostgreSQL for the whole run; `firebreak_template` is what each test file's database is cloned from. */
export default async function setup() {
  const { startEmbedded } = await tsImport('../../src/store/embedded.ts', import.meta.url);
  const dataDir = await mkdtemp(join(tmpdir(), 'firebreak-test-'));
  const server = await startEmbedded({
    dataDir,
    temporary: true,
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' },
  });
  await server.ensureDatabase('firebreak_template');
  const { openStore } = await tsImport('../../src/store/store.ts', import.meta.url);
  const { migrate } = await tsImport('../../src/store/migrate.ts', import.meta.url);
  const store = openStore(server.url('firebreak_template'));
  await migrate(store);
  await store.close();
  process.env.FIREBREAK_TEST_SERVER = server.url('postgres');
  globalThis.firebreakTestServer = { server, dataDir };
}
