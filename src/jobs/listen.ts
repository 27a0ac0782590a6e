/** Hears at once that there is work: LISTEN on a connection of its own, opened again when it is lost. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WORK_CHANNEL } from '../store/outbox.ts';
import type { Store } from '../store/store.ts';

export interface Listener {
  /** Connects when it is not connected. What is missed in between is found by the poll. */
  ensure(): Promise<void>;
  close(): Promise<void>;
}

const GOODBYE_MS = 2000;

/** Calls `onWork` for each announcement of work. */
export function createListener(store: Store, onWork: () => void): Listener {
  let connected: Promise<Connection> | undefined;

  function connect(): Promise<Connection> {
    const client = store.dedicated({
      application_name: 'firebreak-listen',
    });
    const mine = listen(client, onWork);
    const forget = (): void => {
      if (connected === mine) connected = undefined;
    };
    connected = mine;
    client.on('error', forget);
    client.on('end', forget);
    mine.catch(forget);
    return mine;
  }

  return {
    async ensure() {
      await (connected ?? connect());
    },
    async close() {
      const client = await connected?.catch(() => undefined);
      // A host that fell silent answers no goodbye; the store cuts the connection when it is closed.
      if (client)
        await Promise.race([
          client.end().catch(() => undefined),
          sleep(GOODBYE_MS, undefined, { ref: false }),
        ]);
    },
  };
}

type Connection = ReturnType<Store['dedicated']>;

async function listen(client: Connection, onWork: () => void): Promise<Connection> {
  client.on('notification', onWork);
  try {
    await client.connect();
    await client.query(`listen ${WORK_CHANNEL}`);
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}
