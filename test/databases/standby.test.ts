import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { planRepair } from '../../src/databases/repair.ts';
import { openTarget, type Target } from '../../src/databases/target.ts';
import { planTerminate } from '../../src/databases/terminate.ts';
import { type EmbeddedServer, startEmbedded } from '../../src/store/embedded.ts';

/** A server that waits for a primary for ever. */
describe('a standby', () => {
  let server: EmbeddedServer;
  let target: Target;
  let dataDir: string;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'firebreak-standby-'));
    const options = { dataDir, temporary: true, settings: { fsync: 'off' } };
    await (await startEmbedded(options)).stop();
    await writeFile(join(dataDir, 'postgres', 'standby.signal'), '');
    server = await startEmbedded(options);
    const url = server.url('postgres');
    target = openTarget({
      name: 'shop',
      urls: { diag: url, act: url, ddl: url },
      tool: 'node-pg-migrate',
      probes: [],
      services: [],
      snapshot: { maxLockSeconds: 5 },
      sources: {},
    });
  }, 60_000);
  afterAll(async () => {
    await target.close();
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('can be read, and nothing is planned or done there', async () => {
    expect(await target.read('select pg_is_in_recovery() as standby')).toEqual([{ standby: true }]);
    const refused = { ok: false, code: 'TARGET_IS_STANDBY', values: { target: 'shop' } };
    expect(await planTerminate(target, { pid: 1, backendStart: 'x' })).toEqual(refused);
    const request = { table: 't', snapshotSchema: 's', migration: 'm', migrationXid: '3', captured: [] };
    expect(await planRepair(target, request)).toEqual(refused);
    for (const role of ['act', 'ddl'] as const)
      await expect(target.session(role)).rejects.toMatchObject({ code: 'TARGET_IS_STANDBY' });
  });
});
