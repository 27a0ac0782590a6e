/** The process that loads a project's code: started in the project's folder, with nothing to connect to. */
import type { Printer } from './printer.ts';
import { print as knex } from './printers/knex.ts';
import { print as nodePgMigrate } from './printers/node-pg-migrate.ts';
import { print as typeorm } from './printers/typeorm.ts';
import { print as umzug } from './printers/umzug.ts';

const PRINTERS: Readonly<Record<string, Printer>> = {
  'node-pg-migrate': nodePgMigrate,
  knex,
  typeorm,
  umzug,
};

const [tool = '', dir = '', ...files] = process.argv.slice(2);

/** Awaited, so that nothing is lost when the process ends. */
const tell = (message: object): Promise<void> =>
  new Promise((told) => {
    process.send?.(message, undefined, {}, () => told());
  });

async function work(): Promise<void> {
  const print = await PRINTERS[tool]?.(dir);
  for (const file of files) {
    await tell({ begun: file });
    await tell({ file, printed: await print?.(file) });
  }
}

work()
  .catch((error: unknown) => tell({ failed: error instanceof Error ? error.message : String(error) }))
  // Pools and timers of the project's tool would keep it going.
  .finally(() => process.exit());
