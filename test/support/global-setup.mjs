import { mkdtemp, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tsImport } from 'tsx/esm/api';
import { build } from './build.mjs';

/** A database is some 440 files, and the run makes hundreds: on a disk most of its time goes into that. */
const IN_MEMORY = '/dev/shm';
const ROOM_BYTES = 4 * 2 ** 30;

/** One PostgreSQL for the whole run; `firebreak_template` is what each test file's database is cloned from. */
export default async function setup() {
  // The workers inherit it: `tmpdir()` answers with it from here on.
  if (await hasRoom(IN_MEMORY)) process.env.TMPDIR = IN_MEMORY;
  await build();
  const { startEmbedded } = await tsImport('../../src/store/embedded.ts', import.meta.url);
  const dataDir = await mkdtemp(join(tmpdir(), 'firebreak-test-'));
  const server = await startEmbedded({
    dataDir,
    temporary: true,
    settings: {
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      max_connections: '200',
      max_wal_size: '256MB',
    },
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

/** What is written there is memory: both must have room. */
async function hasRoom(folder) {
  if (process.platform !== 'linux' || process.availableMemory() < 2 * ROOM_BYTES) return false;
  const found = await statfs(folder).catch(() => undefined);
  return found !== undefined && found.bavail * found.bsize >= ROOM_BYTES;
}
