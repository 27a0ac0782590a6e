/** The process that loads a project's code: started in the project's folder, with nothing to connect to. */
import { Socket } from 'node:net';
import type { Printed, Printer } from './printer.ts';
import { print as knex } from './printers/knex.ts';
import { print as nodePgMigrate } from './printers/node-pg-migrate.ts';
import { print as typeorm } from './printers/typeorm.ts';
import { print as umzug } from './printers/umzug.ts';
import { Unprintable } from './recording.ts';

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
  const tried = refuseToConnect();
  const print = await PRINTERS[tool]?.(dir);
  for (const file of files) {
    tried.length = 0;
    await tell({ begun: file });
    const printed = await print?.(file);
    await tell({ file, printed: tried.length === 0 ? printed : printed?.map(opaque) });
  }
}

/** A migration that opens a connection of its own would change something real while it is only read. */
function refuseToConnect(): unknown[] {
  const tried: unknown[] = [];
  Socket.prototype.connect = function refused(...to: readonly unknown[]): never {
    tried.push(to);
    throw new Unprintable(CONNECTS);
  };
  return tried;
}

const CONNECTS = 'it opens a connection of its own';

/** Code that catches the error goes on, and nobody knows which way it would have gone. */
const opaque = (it: Printed): Printed => ({ ...it, up: { why: CONNECTS }, down: { why: CONNECTS } });

work()
  .catch((error: unknown) => tell({ failed: error instanceof Error ? error.message : String(error) }))
  // Pools and timers of the project's tool would keep it going.
  .finally(() => process.exit());
