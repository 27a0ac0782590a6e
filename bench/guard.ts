/** The clock of a guarded deploy: the release of the story, undone by the guard with nobody awake. */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { PROBE_SQL } from '../sandbox/story/queries.ts';
import { writeRelease } from '../sandbox/story/releases.ts';
import { storyOf } from '../sandbox/story/seed.ts';
import { checkTruth } from '../sandbox/story/truth.ts';
import { PACKAGE_ROOT } from '../src/version.ts';
import { MAIN } from '../test/support/built.ts';
import type { Bench, Figure } from './figure.ts';
import { type Ground, openGround } from './ground.ts';

const SEEDS = [1, 2, 3, 4];
/** Repaired by hand in the outage that the story retells. */
const THEN = { value: 14_400, what: 'then' };
const UNDONE = [3, 4];

interface Undone {
  /** As the guard tells it. */
  readonly red: number;
  /** As the site's customers saw it. */
  readonly failing: number;
}

export const guard: Bench = {
  name: 'guard',
  title: 'The clock of a guarded deploy',
  about: `The release of the story in each of its ${SEEDS.length} forms, deployed through \`firebreak guard\` with \`undo: auto\` while customers
read and write. The longest time until it was undone; at the end no row is wrong. Compared to the outage that it retells.`,
  async measure() {
    const undone: Undone[] = [];
    for (const seed of SEEDS) undone.push(await deployed(seed));
    return figuresOf(undone);
  },
};

const figuresOf = (undone: readonly Undone[]): readonly Figure[] => [
  {
    name: 'from the first red probe to green',
    value: Math.max(...undone.map(({ red }) => red)),
    unit: 's',
    against: THEN,
  },
  {
    name: 'from the first query that failed to the first that did not again',
    value: Math.max(...undone.map(({ failing }) => failing)),
    unit: 's',
    against: THEN,
  },
];

async function deployed(seed: number): Promise<Undone> {
  const ground = await openGround({ seed });
  try {
    await writeRelease(ground.shop.migrationsDir, storyOf(seed));
    const said = await guarded(ground);
    const red = /From the first red probe to green in ([\d.]+) s/.exec(said)?.[1];
    const { firstFailureAt, greenSince } = ground.traffic.report();
    if (red === undefined || firstFailureAt === undefined || greenSince === undefined)
      throw new Error(`seed ${seed} was not undone: ${said}`);
    await ground.traffic.stop();
    const { wrong, wrongStatus } = await checkTruth(ground);
    if (wrong + wrongStatus > 0) throw new Error(`seed ${seed} left ${wrong + wrongStatus} rows wrong`);
    return { red: Number(red), failing: (greenSince - firstFailureAt) / 1000 };
  } finally {
    await ground.close();
  }
}

/** What it said; throws when it ended in another way. */
async function guarded({ shop }: Ground): Promise<string> {
  const config = join(shop.migrationsDir, '..', 'guard.yml');
  await writeFile(config, stringify(CONFIG));
  const child = spawn(
    process.execPath,
    [
      ...[
        MAIN,
        'guard',
        '--target',
        'shop',
        '--config',
        config,
        '--dir',
        shop.migrationsDir,
        '--unguarded',
        '--',
      ],
      join(PACKAGE_ROOT, 'node_modules/.bin/node-pg-migrate'),
      ...['up', '--migrations-dir', shop.migrationsDir],
    ],
    {
      env: {
        PATH: process.env['PATH'],
        SHOP_DIAG_URL: shop.urls.diag,
        SHOP_DDL_URL: shop.urls.owner,
        DATABASE_URL: shop.urls.owner,
      },
    },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += String(text)));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (!UNDONE.includes(code ?? -1)) throw new Error(`the guard ended with ${code}: ${said}`);
  return said;
}

const CONFIG = {
  slack: { incidents_channel: 'C0123456789' },
  targets: {
    shop: {
      diag_url_env: 'SHOP_DIAG_URL',
      ddl_url_env: 'SHOP_DDL_URL',
      probes: [{ name: 'order-status', sql: PROBE_SQL }],
      guard: { undo: 'auto', window_s: 20 },
    },
  },
};
