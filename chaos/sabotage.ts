/** Proof that the oracle sees: a copy of the program in which one safeguard is switched off. */
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../src/version.ts';

export const SABOTAGES = ['dedupe', 'marker', 'order', 'epoch'] as const;
export type Sabotage = (typeof SABOTAGES)[number];

interface Change {
  readonly file: string;
  /** Occurs once in the compiled file. */
  readonly find: string;
  readonly replace: string;
}

const CHANGES: { readonly [S in Sabotage]: readonly Change[] } = {
  /** A second copy of a delivery is done again; what ends its row does not look whether it was ended. */
  dedupe: [
    { file: 'src/store/inbox.js', find: `rowCount === 1 ? 'new' : 'known'`, replace: `'new'` },
    {
      file: 'src/store/inbox.js',
      find: `(!(await settle(tx, key, 'done', now)))`,
      replace: `((await settle(tx, key, 'done', now)) === undefined)`,
    },
  ],
  /** A dangerous step leaves no trace of itself in the target. */
  marker: [
    {
      file: 'src/databases/marker.js',
      find: `insert into firebreak.markers (run, step, part, epoch, xid, plan_hash)
     values ($1, $2, $3, $4, pg_current_xact_id(), $5)
     returning xid::text`,
      replace: `select pg_current_xact_id()::text as xid
       from (values ($1::text, $2::int, $3::int, $4::bigint, $5::text)) as unwritten`,
    },
  ],
  /** What failed is passed by what comes after it. */
  order: [
    {
      file: 'src/store/outbox.js',
      find: `       order by id
       limit 1`,
      replace: `       order by attempts, id
       limit 1`,
    },
  ],
  /** Who has lost a lease writes under it all the same. */
  epoch: [
    {
      file: 'src/store/leases.js',
      find: `epoch = $3 for share', [`,
      replace: `epoch >= $3 for share', [`,
    },
    { file: 'src/store/leases.js', find: 'epoch = $3 for share)`', replace: 'epoch >= $3 for share)`' },
  ],
};

/** What the oracle says of seed 0 where the safeguard is off. */
export const SEEN: { readonly [S in Sabotage]: RegExp } = {
  dedupe: /took effect [2-9] times, not 1 to 1/,
  marker: /the target has 1 effects and 0 markers/,
  order: /stands before message/,
  epoch: /whose lease .* had taken/,
};

/** Makes the copy in `folder`, which must not be there yet, and answers where it is. */
export async function sabotaged(sabotage: Sabotage, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const name of ['src', 'commands', 'sandbox', 'chaos', 'test'])
    await cp(join(PACKAGE_ROOT, 'dist', name), join(folder, 'dist', name), { recursive: true });
  // What the program reads beside its code.
  for (const name of ['src', 'runbooks', 'package.json', 'manifest.yml', 'node_modules'])
    await symlink(join(PACKAGE_ROOT, name), join(folder, name));
  for (const change of CHANGES[sabotage]) await apply(change, join(folder, 'dist'));
  return folder;
}

async function apply({ file, find, replace }: Change, dist: string): Promise<void> {
  const path = join(dist, file);
  const code = await readFile(path, 'utf8');
  if (code.split(find).length !== 2) throw new Error(`${file} does not have this once: ${find}`);
  await writeFile(
    path,
    code.replace(find, () => replace),
  );
}
