/** An instance of the durable work: its own store, leases and drain over a shared database. */

import type { Effect } from '../../src/domain/effects.ts';
import { type AdvanceableClock, advanceableClock } from '../../src/jobs/clock.ts';
import type { Worker } from '../../src/jobs/crew.ts';
import { createDrain, type Drain } from '../../src/jobs/drain.ts';
import { type Leases, openLeases } from '../../src/jobs/lease.ts';
import { type Logger, silentLogger } from '../../src/log.ts';
import { openStore, type Store } from '../../src/store/store.ts';

export interface Instance {
  readonly store: Store;
  readonly leases: Leases;
  readonly drain: Drain;
  readonly clock: AdvanceableClock;
  stop(): Promise<void>;
}

export function startInstance(
  url: string,
  workers: (of: { store: Store; clock: AdvanceableClock; leases: Leases }) => readonly Worker[],
  { log = silentLogger, clock = advanceableClock() }: { log?: Logger; clock?: AdvanceableClock } = {},
): Instance {
  const store = openStore(url);
  const leases = openLeases(store, log);
  const drain = createDrain({
    store,
    leases,
    log,
    workers: workers({ store, clock, leases }),
    pollMs: 100,
  });
  drain.start();
  return {
    store,
    leases,
    drain,
    clock,
    async stop() {
      await drain.stop();
      await leases.close();
      await store.close();
    },
  };
}

export const say = (incident: number, text: string): Effect => ({
  kind: 'say',
  to: { kind: 'incident', id: incident },
  text,
});

/** A promise that is resolved by hand. */
export function gate<T = void>(): { readonly opened: Promise<T>; open(value: T): void } {
  let open: (value: T) => void = () => undefined;
  const opened = new Promise<T>((resolve) => (open = resolve));
  return { opened, open };
}

/** Ends the connections of that name, as a lost network or a restart of PostgreSQL does. */
export async function terminate(store: Store, application = '%'): Promise<number> {
  const { rows } = await store.query<{ ended: boolean }>(
    `select pg_terminate_backend(pid) as ended
     from pg_stat_activity
     where datname = current_database() and application_name like $1 and pid <> pg_backend_pid()`,
    [application],
  );
  return rows.length;
}
