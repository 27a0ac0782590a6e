/** Collects what a person sees after they acted, until nothing new has come for a moment. */
import type { Block, View } from '../model.ts';

export interface Response {
  readonly kind: 'ack' | 'response_url' | 'ephemeral' | 'message' | 'view';
  readonly text?: string | undefined;
  readonly blocks?: readonly Block[] | undefined;
  readonly view?: View | undefined;
  /** Form errors by block, from a submission's ack. */
  readonly errors?: unknown;
  readonly channel?: string | undefined;
  readonly ts?: string | undefined;
}

/** Whom a response reaches: one user, or everyone who looks at a channel. */
interface Audience {
  readonly user?: string;
  readonly channel?: string;
}

interface Watch {
  /** The app has answered the envelope, or never will. */
  acked(tookMs: number | null): void;
  settled(): Promise<{ ack_ms: number | null; responses: Response[] }>;
}

export interface Watchers {
  tell(audience: Audience, response: Response): void;
  start(options: {
    user: string;
    channels: readonly string[];
    waitMs: number;
    until?: () => boolean;
    quietMs?: number;
  }): Watch;
  stop(): void;
}

const QUIET_MS = 300;

interface Watching extends Watch {
  hears(audience: Audience): boolean;
  heard(response: Response): void;
  finish(): void;
}

/** `told` hears of everything, whether somebody watches or not. */
export function createWatchers(told: () => void, usualQuietMs = QUIET_MS): Watchers {
  const watching = new Set<Watching>();
  return {
    tell(audience, response) {
      told();
      for (const watch of watching) if (watch.hears(audience)) watch.heard(response);
    },
    start(options) {
      const watch = createWatch({ quietMs: usualQuietMs, ...options }, () => watching.delete(watch));
      watching.add(watch);
      return watch;
    },
    stop() {
      for (const watch of watching) watch.finish();
    },
  };
}

function createWatch(
  { user, channels, waitMs, until, quietMs = 0 }: Parameters<Watchers['start']>[0],
  ended: () => void,
): Watching {
  const responses: Response[] = [];
  let ackMs: number | null | undefined;
  let quiet: NodeJS.Timeout | undefined;
  const { promise, resolve } = deferred<{ ack_ms: number | null; responses: Response[] }>();
  const finish = () => {
    clearTimeout(quiet);
    clearTimeout(longest);
    ended();
    resolve({ ack_ms: ackMs ?? null, responses });
  };
  const longest = setTimeout(finish, waitMs);
  const rest = () => {
    clearTimeout(quiet);
    if (ackMs === undefined || until?.() === false) return;
    quiet = setTimeout(finish, quietMs);
  };
  return {
    hears: (audience) =>
      audience.user === user || (audience.channel !== undefined && channels.includes(audience.channel)),
    heard(response) {
      responses.push(response);
      rest();
    },
    acked(tookMs) {
      ackMs = tookMs;
      rest();
    },
    settled: () => promise,
    finish,
  };
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
