/** TypeORM: its own query runner, over a driver that connects to nothing. */
import { half, isFunction, loaded, ofProject, type Printed, type Printer } from '../printer.ts';
import { createRecording } from '../recording.ts';

interface DataSource {
  initialize(): Promise<unknown>;
  createQueryRunner(): unknown;
}
interface Migration {
  readonly name?: string;
  up(runner: unknown): unknown;
  down?(runner: unknown): unknown;
}

export const print: Printer = async (dir) => {
  const { DataSource: Source } = await ofProject(dir, 'typeorm');
  const recording = createRecording((sql) =>
    /version/i.test(sql)
      ? [{ version: 'PostgreSQL 18.0', server_version: '18.0' }]
      : [{ current_schema: 'public', current_database: 'app', installed: true }],
  );
  const source = new (Source as new (options: unknown) => DataSource)({
    type: 'postgres',
    driver: recording.driver,
    installExtensions: false,
  });
  await source.initialize();
  return async (file) => {
    const found = Object.values(await loaded(dir, file)).filter(isMigration);
    const printed: Printed[] = [];
    for (const Made of new Set(found)) {
      const migration = new Made();
      const runner = source.createQueryRunner();
      printed.push({
        name: migration.name ?? Made.name,
        up: await half(recording, () => migration.up(runner)),
        down: await half(recording, migration.down && (() => migration.down?.(runner))),
      });
    }
    return printed;
  };
};

const isMigration = (value: unknown): value is new () => Migration =>
  isFunction(value) && isFunction((value as { prototype?: Partial<Migration> }).prototype?.up);
