/** Makes the faults of a plan, and mends them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from './ground.ts';
import type { Fault } from './plan.ts';
import type { Scene } from './run.ts';

export interface Breaker {
  /** Makes it when it is time, of which `begun` is the beginning; settles when the fault is over. */
  apply(fault: Fault, begun: number): Promise<void>;
  kill(bot: number): Promise<void>;
  /** All is well again. */
  end(): Promise<void>;
}

/** The channel of the first incident. */
const FIRST = /-inc1t/;
const HOME_MS = 40_000;
const LEASE_MS = 8000;

export function breaker({ plan, place, people, bots, tell }: Scene): Breaker {
  // One trouble of the store at a time: each mends what it broke.
  let store: Promise<void> = Promise.resolve();
  const alone = (trouble: () => Promise<void>): Promise<void> => {
    store = store.then(trouble, trouble);
    return store;
  };
  const kill = async (bot: number): Promise<void> => {
    await bots.kill(bot);
    await bots.start(bot);
  };
  const { storeGate: gate } = place;

  async function gone(ms: number): Promise<void> {
    await gate.shut();
    await sleep(ms);
    await gate.open();
  }

  async function silent(ms: number, forever: boolean): Promise<void> {
    gate.fallSilent();
    await sleep(ms);
    await gate.open();
    if (!forever) gate.breakSilent();
  }

  async function restart(): Promise<void> {
    await place.server.restart(undefined, 'immediate');
    place.moved();
  }

  async function readOnly(ms: number): Promise<void> {
    const all = (on: boolean): string =>
      `alter database ${place.storeName} set default_transaction_read_only = ${on}`;
    await sql(place.server.url, all(true));
    await endSessions();
    await sleep(ms);
    await sql(place.server.url, all(false));
    await endSessions();
  }

  const endSessions = (): Promise<unknown> =>
    sql(place.server.url, 'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [
      place.storeName,
    ]);

  /** A bot stops in the middle of a call to Slack; it wakes up when its lease was taken by another one. */
  async function freeze(token: string): Promise<void> {
    const channel = await people.home(FIRST, LEASE_MS);
    if (channel === undefined) return;
    await people.control('POST', 'faults', {
      method: 'chat.postMessage',
      kind: 'latency',
      effect: 'after',
      ms: 1500,
      times: 1,
    });
    const said = people.say(
      { kind: 'update', token, incident: 1, user: 'commander' },
      channel,
      `update ${token}`,
    );
    const lane = await people.until(async () => {
      const [row] = await sql<{ lane: string; bot: string }>(
        place.storeUrl(),
        `select lane, (select bot from chaos.writes where what = 'lease' and kind = 'outbox' and key = lane
                        order by seq desc limit 1) as bot
           from outbox where state = 'pending' and tried_at is not null and effect ->> 'text' like $1`,
        [`%${token}%`],
      );
      return row;
    }, LEASE_MS);
    if (lane) await frozen(lane.lane, lane.bot);
    await said;
  }

  async function frozen(lane: string, bot: string): Promise<void> {
    bots.signal(bot, 'SIGSTOP');
    try {
      await sql(
        place.server.url,
        `select pg_terminate_backend(pid) from pg_stat_activity
          where datname = $1 and pid in (select pid from pg_locks where locktype = 'advisory' and granted)`,
        [place.storeName],
      ).catch(() => undefined); // A server that is restarted meanwhile has ended them as well.
      await people.until(async () => {
        const [row] = await sql<{ bot: string }>(
          place.storeUrl(),
          `select bot from chaos.writes where what = 'lease' and kind = 'outbox' and key = $1
            order by seq desc limit 1`,
          [lane],
        );
        return row && row.bot !== bot ? row : undefined;
      }, LEASE_MS);
    } finally {
      bots.signal(bot, 'SIGCONT');
    }
  }

  function made(fault: Fault): Promise<unknown> {
    switch (fault.kind) {
      case 'slack':
        return people.control('POST', 'faults', fault.body);
      case 'delivery':
        return people.control('POST', 'deliveries', fault.body);
      case 'kill':
        return kill(fault.bot);
      case 'freeze':
        return plan.bots > 1 ? freeze(fault.token) : Promise.resolve();
      case 'store-restart':
        return alone(restart);
      case 'store-gone':
        return alone(() => gone(fault.ms));
      case 'store-silent':
        return alone(() => silent(fault.ms, fault.forever));
      case 'store-read-only':
        return alone(() => readOnly(fault.ms));
    }
  }

  return {
    kill,
    async apply(fault, begun) {
      if (fault.home) await people.home(FIRST, HOME_MS);
      await sleep(Math.max(0, fault.at - (fault.home ? 0 : Date.now() - begun)));
      tell(`fault ${JSON.stringify(fault)}`);
      await made(fault);
      tell(`fault ${fault.kind} is over`);
    },
    async end() {
      await store.catch(() => undefined);
      await gate.open();
    },
  };
}
