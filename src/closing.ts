/** Things that are opened one after the other and closed in reverse, also when opening fails half-way. */
import { Socket } from 'node:net';

export type OnClose = (close: () => Promise<void>) => void;

/** Runs `open`; its answer gets a `close` that undoes, in reverse, all that was handed to `onClose`. */
export async function openAll<T extends object>(
  open: (onClose: OnClose) => Promise<T>,
): Promise<T & { readonly close: () => Promise<void> }> {
  const closing: (() => Promise<void>)[] = [];
  const close = (): Promise<void> => closeAll(closing.splice(0).reverse());
  try {
    return { ...(await open((each) => closing.push(each))), close };
  } catch (error) {
    // Why it did not open is what matters.
    await close().catch(() => undefined);
    throw error;
  }
}

/** One that cannot be closed keeps none of the others open; its error is thrown at the end. */
async function closeAll(closing: readonly (() => Promise<void>)[]): Promise<void> {
  const errors: Error[] = [];
  for (const each of closing) {
    try {
      await each();
    } catch (error) {
      errors.push(error instanceof Error ? error : new Error(String(error)));
    }
  }
  const [first] = errors;
  if (first) throw first;
}

export interface Sockets {
  /** A socket to connect with. */
  readonly open: () => Socket;
  /** Waits for the end of the connections over them, at most so long, and cuts what is left. */
  ended(end: Promise<void>): Promise<void>;
}

const GOODBYE_MS = 2000;

/** Keeps the sockets of a pool: a host that fell silent answers no goodbye, and would keep the process for ever. */
export function createSockets(): Sockets {
  const sockets = new Set<Socket>();
  return {
    open() {
      const socket = new Socket();
      // Not before: connecting gives a socket back the `write` of all others.
      socket.once('connect', () => together(socket));
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      return socket;
    },
    async ended(end) {
      const cut = (): void => sockets.forEach((socket) => socket.destroy());
      const timer = setTimeout(cut, GOODBYE_MS);
      try {
        await end;
        await Promise.all(
          [...sockets].map((socket) => new Promise((closed) => socket.once('close', closed))),
        );
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** What is written in one turn of the event loop goes out by one call to the system, which costs more than the writing. */
function together(socket: Socket): void {
  const write = socket.write.bind(socket) as (...written: readonly unknown[]) => boolean;
  let held = false;
  const release = (): void => {
    held = false;
    socket.uncork();
  };
  socket.write = (...written: readonly unknown[]) => {
    if (!held) {
      held = true;
      socket.cork();
      process.nextTick(release);
    }
    return write(...written);
  };
}
