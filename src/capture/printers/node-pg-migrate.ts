/** node-pg-migrate: its own builder says what a migration of code would send. */
import { type Half, isFunction, loaded, ofProject, type Printer } from '../printer.ts';
import { Unprintable } from '../recording.ts';

interface Builder {
  enableReverseMode(): unknown;
  getSqlSteps(): readonly string[];
}
type Action = (pgm: Builder, done?: (error?: unknown) => void) => unknown;

export const print: Printer = async (dir) => {
  const { MigrationBuilder } = await ofProject(dir, 'node-pg-migrate');
  const Made = MigrationBuilder as new (...given: readonly unknown[]) => Builder;
  return async (file) => {
    const { up, down, shorthands } = await loaded(dir, file);
    const build = () => new Made(NO_DATABASE, shorthands ?? {}, false, console);
    return [{ up: await steps(build(), up), down: await downOf(build(), up, down) }];
  };
};

/** Without a down the tool turns the up around; `false` says that there is none. */
async function downOf(builder: Builder, up: unknown, down: unknown): Promise<Half> {
  if (down === false) return { none: true };
  if (down !== undefined) return steps(builder, down);
  builder.enableReverseMode();
  return steps(builder, up);
}

async function steps(builder: Builder, action: unknown): Promise<Half> {
  if (!isFunction(action)) return { none: true };
  try {
    await called(action, builder);
    const sql = builder
      .getSqlSteps()
      .map((step) => `${step.trim().replace(/;$/, '')};`)
      .join('\n');
    return sql === '' ? { none: true } : { sql };
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) };
  }
}

const called = (action: Action, builder: Builder): Promise<unknown> =>
  action.length < 2
    ? Promise.resolve(action(builder))
    : new Promise((resolve, reject) => {
        action(builder, (error) => {
          if (error === undefined || error === null) resolve(undefined);
          else reject(error instanceof Error ? error : new Error(JSON.stringify(error)));
        });
      });

/** `pgm.db`: what it answered would decide what is done. */
const NO_DATABASE = new Proxy(
  {},
  {
    get: (_, name) => () => {
      throw new Unprintable(`it asks the database: pgm.db.${String(name)}`);
    },
  },
);
