/** The disk of the events is full: a small tmpfs, where this machine lets one be mounted. */
import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { unprivilegedAccount } from '../../src/store/embedded/binaries.ts';
import { eventually } from '../../test/support/eventually.ts';
import { defineFault } from '../fault.ts';
import type { Ground } from '../ground.ts';

const run = promisify(execFile);
const disks = new WeakMap<Ground, string>();

export default defineFault({
  name: 'disk-full',
  impossible: () =>
    mount().then(
      (disk) => unmount(disk).then(() => undefined),
      () => 'no tmpfs can be mounted here',
    ),
  prepare: async (ground) => {
    const disk = await mount();
    disks.set(ground, disk);
    await ground.admin.query(`create tablespace small location '${await folderFor(disk)}'`);
    await ground.admin.query('alter table order_events set tablespace small');
    await ground.admin.query('create table ballast (filling text) tablespace small');
    await ground.admin.query('alter table ballast alter column filling set storage plain');
  },
  make: async (ground) => {
    // Smaller and smaller pieces fill what is left.
    for (const rows of [1000, 100, 10, 1]) await fill(ground, rows);
    const { traffic } = ground;
    await eventually(() => traffic.report().writes.failed['53100'], { within: 60_000 });
  },
  undo: async (ground) => {
    const disk = disks.get(ground);
    if (disk !== undefined) await unmount(disk);
  },
  expects: { says: /disk|space/i, sqlstate: '53100', follows: /53100|rolled back/ },
});

async function mount(): Promise<string> {
  const disk = await mkdtemp(join(tmpdir(), 'firebreak-disk-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', disk]);
    return disk;
  } catch (error) {
    await rm(disk, { recursive: true });
    throw error;
  }
}

async function unmount(disk: string): Promise<void> {
  await run('umount', [disk]);
  await rm(disk, { recursive: true });
}

/** As the server wants it: its own, and empty. */
async function folderFor(disk: string): Promise<string> {
  await chmod(disk, 0o755);
  const folder = join(disk, 'data');
  await mkdir(folder, { mode: 0o700 });
  const account = await unprivilegedAccount();
  if (account) await chown(folder, account.uid, account.gid);
  return folder;
}

async function fill(ground: Ground, rows: number): Promise<void> {
  const piece = `insert into ballast select repeat('x', 4000) from generate_series(1, ${rows})`;
  while (await ground.admin.query(piece).then(Boolean, () => false));
}
