/** Runs a program by itself: no shell, a small environment, an end in any case, and no more output than is shown. */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProgramWish {
  readonly path: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

export type Ended =
  | { readonly kind: 'exited'; readonly code: number; readonly ms: number; readonly output: string }
  | { readonly kind: 'not-started'; readonly reason: string }
  | { readonly kind: 'ended-by-us'; readonly reason: string; readonly output: string };

const MOST_OUTPUT = 16 * 1024;
const GRACE_MS = 2000;
const BACKGROUND_MS = 1000;
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Never throws. Our own secrets are in our environment: of that it gets nothing. */
export async function runProgram({ path, args, env, limitMs, signal }: ProgramWish): Promise<Ended> {
  const asked = (): boolean => signal.aborted;
  if (asked()) return { kind: 'not-started', reason: 'stopped on request' };
  const begun = performance.now();
  // A group of its own, so that what it starts ends with it.
  const child = spawn(path, args, {
    env: { PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const output = keptOf(child);
  const exit = exitOf(child);
  const stop = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
  const ended = await Promise.race([exit, fired(stop)]);
  if (ended === undefined) {
    await endGroup(child, exit);
    const reason = asked() ? 'stopped on request' : `it took longer than ${limitMs / 1000} s`;
    return { kind: 'ended-by-us', reason, output: output() };
  }
  for (const stream of [child.stdout, child.stderr]) stream.destroy();
  if ('reason' in ended) return { kind: 'not-started', ...ended };
  return { kind: 'exited', ...ended, ms: Math.round(performance.now() - begun), output: output() };
}

/** The end of a long output says more than its beginning. */
function keptOf({ stdout, stderr }: ChildProcess): () => string {
  let kept = Buffer.alloc(0);
  const keep = (chunk: Buffer): void => {
    kept = Buffer.concat([kept, chunk]).subarray(-MOST_OUTPUT);
  };
  stdout?.on('data', keep);
  stderr?.on('data', keep);
  return () => kept.toString();
}

const exitOf = (child: ChildProcess): Promise<{ readonly code: number } | { readonly reason: string }> =>
  new Promise((resolve) => {
    child.once('error', ({ message }) => resolve({ reason: message }));
    child.once('close', (code) => resolve({ code: code ?? -1 }));
    // What it left in the background holds its output open: it is not waited for.
    child.once('exit', (code) => {
      setTimeout(() => resolve({ code: code ?? -1 }), BACKGROUND_MS).unref();
    });
  });

const fired = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }));

async function endGroup({ pid }: ChildProcess, exit: Promise<unknown>): Promise<void> {
  signalGroup(pid, 'SIGTERM');
  await Promise.race([exit, sleep(GRACE_MS, undefined, { ref: false })]);
  signalGroup(pid, 'SIGKILL');
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // It is gone already.
  }
}
