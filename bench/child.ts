/** A process of its own that is asked and answers: what shares the machine with the bot does not share its event loop. */
import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Child {
  /** Throws what went wrong there. */
  ask<T>(what: string, given?: unknown): Promise<T>;
  /** It is gone at once. */
  close(): Promise<void>;
}

interface ChildOptions {
  /** `--expose-gc` */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

interface Question {
  readonly number: number;
  readonly what: string;
  readonly given: unknown;
}

type Answer = { readonly number: number } & ({ readonly value: unknown } | { readonly error: string });

/** Starts a module of this folder by its name, without what the environment happens to say. */
export function startChild(module: string, { flags = [], env = {} }: ChildOptions = {}): Child {
  const self = fileURLToPath(import.meta.url);
  const file = self.replace(/child\.[jt]s$/, `${module}${extname(self)}`);
  const child = fork(file, [], {
    execArgv: [...process.execArgv, ...flags],
    env: { PATH: process.env['PATH'], ...env },
  });
  let asked = 0;
  return {
    ask<T>(what: string, given?: unknown) {
      const number = (asked += 1);
      child.send({ number, what, given } satisfies Question);
      return answerOf<T>(child, number, what);
    },
    async close() {
      if (child.exitCode !== null) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function answerOf<T>(child: ChildProcess, number: number, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const heard = (answer: Answer): void => {
      if (answer.number !== number) return;
      forget();
      if ('error' in answer) reject(new Error(`${what}: ${answer.error}`));
      else resolve(answer.value as T);
    };
    const gone = (): void => {
      forget();
      reject(new Error(`${what}: the process has ended`));
    };
    const forget = (): void => void child.off('message', heard).off('exit', gone);
    child.on('message', heard).on('exit', gone);
  });
}

/** The other side: answers each question by its name, and ends with its parent. */
export function answer(handlers: Readonly<Record<string, (given: never) => unknown>>): void {
  process.on('disconnect', () => process.exit());
  process.on('message', ({ number, what, given }: Question) => {
    void respond(handlers[what], given).then((said) => process.send?.({ number, ...said }));
  });
}

async function respond(
  handler: ((given: never) => unknown) | undefined,
  given: unknown,
): Promise<{ value: unknown } | { error: string }> {
  try {
    if (!handler) throw new Error('nobody answers that');
    return { value: await handler(given as never) };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
