/** node-pg-migrate: its own builder says what a migration of code would send. */
import { type Half, isFunction, loaded, ofProject, type Printer } from '../printer.ts';
import { inLines, Unprintable } from '../recording.ts';

interface Builder {
  enableReverseMode(): unknown;
  getSqlSteps(): readonly string[];
}
interface Building {
  readonly builder: Builder;
  /** What it asked of `pgm.db`. */
  readonly asked: readonly string[];
}
type Action = (pgm: Builder, done?: (error?: unknown) => void) => unknown;

export const print: Printer = async (dir) => {
  const { MigrationBuilder } = await ofProject(dir, 'node-pg-migrate');
  const Made = MigrationBuilder as new (...given: readonly unknown[]) => Builder;
  // The tool hands the shorthands of a file on to those that come after it.
  let known: object = {};
  return async (file) => {
    const { up, down, shorthands } = await loaded(dir, file);
    known = { ...known, ...(shorthands as object | undefined) };
    const build = (): Building => {
      const asked: string[] = [];
      return { asked, builder: new Made(noDatabase(asked), known, false, console) };
    };
    return [{ up: await steps(build(), up), down: await downOf(build(), up, down) }];
  };
};

/** Without a down the tool turns the up around; `false` says that there is none. */
async function downOf(building: Building, up: unknown, down: unknown): Promise<Half> {
  if (down === false) return { none: true };
  if (down !== undefined) return steps(building, down);
  building.builder.enableReverseMode();
  return steps(building, up);
}

async function steps({ builder, asked }: Building, action: unknown): Promise<Half> {
  if (!isFunction(action)) return { none: true };
  try {
    await called(action, builder);
    // Code that catches the error goes on with an answer that it never got.
    if (asked.length > 0) return { why: `it asks the database: pgm.db.${asked[0]}` };
    const sql = inLines(builder.getSqlSteps());
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
const noDatabase = (asked: string[]): object =>
  new Proxy(
    {},
    {
      get: (_, name) => () => {
        asked.push(String(name));
        throw new Unprintable(`it asks the database: pgm.db.${String(name)}`);
      },
    },
  );
