/** Umzug and sequelize-cli: Sequelize's own query interface, over a driver that connects to nothing. */
import { half, isFunction, loaded, ofProject, type Printer } from '../printer.ts';
import { createRecording } from '../recording.ts';

interface Sequelize {
  authenticate(): Promise<unknown>;
  getQueryInterface(): object;
  query(...given: readonly unknown[]): unknown;
}

export const print: Printer = async (dir) => {
  const { Sequelize: Made } = await ofProject(dir, 'sequelize');
  const recording = createRecording((sql) => (/version/i.test(sql) ? [{ server_version: '18.0' }] : []));
  const sequelize = new (Made as new (url: string, options: unknown) => Sequelize)('postgres://nowhere/app', {
    dialect: 'postgres',
    dialectModule: recording.driver,
    databaseVersion: '18.0.0',
    logging: false,
  });
  await sequelize.authenticate();
  return async (file) => {
    const { up, down } = await loaded(dir, file);
    const given = bothWays(sequelize, file);
    const run = (action: unknown) => (isFunction(action) ? () => action(given, Made) : undefined);
    return [{ up: await half(recording, run(up)), down: await half(recording, run(down)) }];
  };
};

/** sequelize-cli hands the query interface over, umzug `{context, name}`, whose context is that or Sequelize itself. */
function bothWays(sequelize: Sequelize, name: string): object {
  const context = Object.assign(Object.create(sequelize.getQueryInterface()) as object, {
    query: (...given: readonly unknown[]) => sequelize.query(...given),
    getQueryInterface: () => sequelize.getQueryInterface(),
  });
  return Object.assign(Object.create(context) as object, { context, name });
}
