/** Knex: its own client, over a driver that connects to nothing. */
import { half, isFunction, loaded, ofProject, type Printer } from '../printer.ts';
import { createRecording } from '../recording.ts';

interface Knex {
  raw(sql: string): Promise<unknown>;
  transaction(work: (trx: unknown) => Promise<unknown>): Promise<unknown>;
}

export const print: Printer = async (dir) => {
  const { knex } = await ofProject(dir, 'knex');
  const Postgres = (await ofProject(dir, 'knex/lib/dialects/postgres/index.js')) as unknown as {
    readonly default?: unknown;
  };
  const recording = createRecording((sql) =>
    /version\(\)/i.test(sql) ? [{ version: 'PostgreSQL 18.0' }] : [],
  );
  const Base = (isFunction(Postgres) ? Postgres : Postgres.default) as new (config: unknown) => object;
  class Client extends Base {
    // Asked for while the client is made, so no field.
    _driver(): unknown {
      return recording.driver;
    }
  }
  const made = (knex as (config: unknown) => Knex)({
    client: Client,
    connection: {},
    version: '18.0',
    pool: { min: 1, max: 1 },
  });
  // Connects.
  await made.raw('select 1');
  return async (file) => {
    const { up, down, config } = await loaded(dir, file);
    const inOne = (config as { transaction?: boolean } | undefined)?.transaction !== false;
    const run = (action: unknown) =>
      isFunction(action)
        ? () => (inOne ? made.transaction((trx) => Promise.resolve(action(trx))) : action(made))
        : undefined;
    return [{ up: await half(recording, run(up)), down: await half(recording, run(down)) }];
  };
};
