/** A PostgreSQL of a test's own: of other binaries or settings than the one that all tests share. It ends by itself. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reachableBinaries, unprivilegedAccount } from '../../src/store/embedded/binaries.ts';
import { prepareFolder, SUPERUSER } from '../../src/store/embedded/cluster.ts';
import { launch, pgCtl, watchOwner } from '../../src/store/embedded/launch.ts';

export interface TestServer {
  /** Of its superuser, to the database `postgres`; `restart` changes it. */
  readonly url: string;
  /** The data folder of the server. */
  readonly cluster: string;
  /** Stops it, lets `whileDown` do what only a stopped server bears, and starts it on another port; `immediate` is a crash. */
  restart(whileDown?: () => Promise<void>, mode?: 'fast' | 'immediate'): Promise<void>;
  /** It is gone at once, as after a crash, and does not come back. */
  crash(): Promise<void>;
  /** Stops it and removes its folder. */
  stop(): Promise<void>;
}

export interface TestServerOptions {
  /** The folder of initdb, pg_ctl and postgres; the embedded ones when left out. */
  readonly bin?: string;
  readonly settings?: Readonly<Record<string, string>>;
}

const FAST = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

/** Starts one on loopback, with data of its own, as an unprivileged OS user. Call in `beforeAll`; `stop` in `afterAll`. */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const account = await unprivilegedAccount();
  const bin = options.bin ?? (await reachableBinaries(account));
  const dataDir = await mkdtemp(join(tmpdir(), 'firebreak-server-'));
  const cluster = join(dataDir, 'postgres');
  // Also when the tests are killed: this process is gone, and so is the server.
  watchOwner(bin, cluster, dataDir, account);
  const secret = await prepareFolder(dataDir, cluster, bin, account);
  const start = () => launch(bin, cluster, dataDir, account, { ...FAST, ...options.settings });
  const end = (mode = 'fast') => pgCtl(bin, ['stop', '-D', cluster, '-m', mode, '-w'], account);
  let port = await start();
  let gone = false;
  return {
    cluster,
    get url() {
      return `postgres://${SUPERUSER}:${secret}@127.0.0.1:${port}/postgres`;
    },
    async restart(whileDown = () => Promise.resolve(), mode = 'fast') {
      await end(mode);
      await whileDown();
      port = await start();
    },
    async crash() {
      await end('immediate');
      gone = true;
    },
    async stop() {
      if (!gone) await end();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
