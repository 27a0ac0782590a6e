import { deliverWorker } from '../../src/jobs/deliver.ts';
import { tellRefusal } from '../../src/jobs/undelivered.ts';
import { type Logger, silentLogger } from '../../src/log.ts';
import { type Delivery, enqueue, type OutboxRow } from '../../src/store/outbox.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { gate, type Instance, say, startInstance, terminate } from './support.ts';

const nothingKnown = { incident: () => Promise.resolve(undefined) };

describe('the delivery of the outbox', () => {
  let database: TestDatabase;
  let store: Store;
  let sent: string[];
  let instances: Instance[];

  beforeEach(async () => {
    database = await createTestDatabase('store');
    store = openStore(database.url);
    sent = [];
    instances = [];
  });
  afterEach(async () => {
    await Promise.all(instances.map((instance) => instance.stop()));
    await store.close();
    await database.drop();
  });

  const start = (perform: (row: OutboxRow) => Promise<Delivery>, log = silentLogger): Instance => {
    const instance = startInstance(database.url, ({ store, clock }) => [
      deliverWorker({
        store,
        clock,
        log,
        perform,
        onRefused: (row, reason) => tellRefusal(nothingKnown, row, reason),
      }),
    ]);
    instances.push(instance);
    return instance;
  };
  const send = (row: OutboxRow): Promise<Delivery> => {
    sent.push(text(row));
    return Promise.resolve({ kind: 'sent' });
  };
  const add = (...effects: Parameters<typeof enqueue>[1]): Promise<void> =>
    enqueue(store, effects, new Date());
  const pending = async (): Promise<number> =>
    (await store.query(`select id from outbox where state = 'pending'`)).rows.length;

  const leaseConnections = async (): Promise<number[]> => {
    const { rows } = await store.query<{ pid: number }>(
      `select pid from pg_stat_activity
       where datname = current_database() and application_name = 'firebreak-leases'`,
    );
    return rows.map(({ pid }) => pid);
  };

  it('sends what is announced at once, in order', async () => {
    start(send);
    await add(say(1, 'a'), say(1, 'b'), say(1, 'c'));
    await eventually(async () => (await pending()) === 0);
    expect(sent).toEqual(['a', 'b', 'c']);
  });

  it('keeps the order of a lane when a row fails, and drops nothing', async () => {
    let failures = 3;
    const instance = start(async (row) => {
      if (text(row) === 'a' && failures-- > 0) throw new Error('socket hang up');
      return send(row);
    });
    await add(say(1, 'a'), say(1, 'b'));
    await eventually(async () => {
      instance.clock.advance(30_000);
      return (await pending()) === 0;
    });
    expect(sent).toEqual(['a', 'b']);
    const { rows } = await store.query('select attempts, error from outbox order by id');
    expect(rows).toEqual([
      { attempts: 4, error: null },
      { attempts: 1, error: null },
    ]);
  });

  it('says which row is not delivered, now and then, and what a person has to do', async () => {
    const said: Record<string, unknown>[] = [];
    const write = (level: string) => (known: object, message: string) =>
      void said.push({ level, message, ...known });
    const log = { ...silentLogger, warn: write('warn'), error: write('error') } as unknown as Logger;
    let failures = 5;
    const instance = start((row) => {
      if (row.lane === 'incidents-channel' && !row.triedAt)
        return Promise.resolve({ kind: 'retry', error: 'not_in_channel', fix: 'invite the bot' });
      if (row.lane === 'incident:1' && failures-- > 0)
        return Promise.resolve({ kind: 'retry', error: 'internal_error' });
      return send(row);
    }, log);
    await add(say(1, 'a'), { kind: 'say', to: { kind: 'incidents-channel' }, text: 'b' });
    await eventually(async () => {
      instance.clock.advance(30_000);
      return (await pending()) === 0;
    });
    const warned = { level: 'warn', lane: 'incident:1', effect: 'say', error: 'internal_error' };
    expect(said.filter(({ level }) => level === 'warn')).toMatchObject([
      { ...warned, row: expect.any(Number) as number, attempts: 1 },
      { ...warned, attempts: 2 },
      { ...warned, attempts: 4 },
    ]);
    expect(said.filter(({ level }) => level === 'error')).toMatchObject([
      { lane: 'incidents-channel', error: 'not_in_channel', fix: 'invite the bot' },
    ]);
  });

  it('lets a lane wait that Slack holds back, and no other', async () => {
    let held = true;
    const instance = start((row) =>
      held && row.lane === 'incident:1' ? Promise.resolve({ kind: 'wait', seconds: 60 }) : send(row),
    );
    await add(say(1, 'a'), say(1, 'b'), say(2, 'c'));
    await eventually(() => sent.includes('c'));
    const waits = await eventually(async () => (await store.query('select lane from lanes')).rows[0]);
    expect(waits).toEqual({ lane: 'incident:1' });
    held = false;
    expect(sent).toEqual(['c']);
    instance.clock.advance(60_000);
    await eventually(async () => (await pending()) === 0);
    expect(sent).toEqual(['c', 'a', 'b']);
  });

  it('records and tells what Slack refuses for good, and goes on', async () => {
    start((row) =>
      text(row) === 'a' ? Promise.resolve({ kind: 'refused', reason: 'is_archived' }) : send(row),
    );
    await add(say(1, 'a'), say(1, 'b'));
    await eventually(() => sent.length === 2);
    expect(sent).toContain('b');
    expect(sent.find((told) => told !== 'b')).toContain('is_archived');
    const { rows } = await store.query(`select error from outbox where state = 'refused'`);
    expect(rows).toEqual([{ error: 'is_archived' }]);
  });

  it('does not tell for ever that telling is refused', async () => {
    start(() => Promise.resolve({ kind: 'refused', reason: 'channel_not_found' }));
    await add(say(1, 'a'));
    await eventually(async () => (await pending()) === 0);
    expect((await store.query('select id from outbox')).rows).toHaveLength(2);
  });

  it('notes an attempt before it is made, so that a later one knows', async () => {
    const seen: (Date | undefined)[] = [];
    const instance = start(async (row) => {
      const { rows } = await store.query<{ tried_at: Date | null }>('select tried_at from outbox');
      expect(rows[0]?.tried_at).toBeInstanceOf(Date);
      seen.push(row.triedAt);
      return seen.length === 1 ? { kind: 'retry', error: 'timeout' } : send(row);
    });
    await add(say(1, 'a'));
    await eventually(() => {
      instance.clock.advance(1000);
      return sent.length === 1;
    });
    expect(seen).toEqual([undefined, expect.any(Date)]);
  });

  it('delivers no row twice with two instances', async () => {
    start(send);
    start(send);
    for (let round = 0; round < 25; round++) {
      await add(...[1, 2, 3, 4].map((incident) => say(incident, `${incident}/${round}`)));
    }
    await eventually(async () => (await pending()) === 0);
    expect(sent).toHaveLength(100);
    for (const incident of [1, 2, 3, 4]) {
      const lane = sent.filter((each) => each.startsWith(`${incident}/`));
      expect(lane).toEqual(Array.from({ length: 25 }, (_, round) => `${incident}/${round}`));
    }
  });

  it('moves a lane to the other instance when the lease is lost, and refuses the late outcome', async () => {
    const late = gate<Delivery>();
    const began = gate();
    start((row) => {
      began.open();
      sent.push(`first:${text(row)}`);
      return late.opened;
    });
    await add(say(1, 'a'));
    await began.opened;
    const holder = await leaseConnections();
    start((row) => {
      sent.push(`second:${text(row)}`);
      return Promise.resolve({ kind: 'retry', error: row.triedAt ? 'tried before' : 'not tried' });
    });
    await eventually(async () => (await leaseConnections()).length === 2);
    expect(sent).toEqual(['first:a']);
    const cut = performance.now();
    await store.query('select pg_terminate_backend($1)', holder);
    await eventually(() => sent.includes('second:a'));
    expect(performance.now() - cut).toBeLessThan(5000);
    late.open({ kind: 'sent' });
    await eventually(async () => (await store.query('select lane from lanes')).rows.length === 1);
    const { rows } = await store.query('select state, error from outbox');
    expect(rows).toEqual([{ state: 'pending', error: 'tried before' }]);
  });

  it('goes on by itself when PostgreSQL has ended all connections', async () => {
    start(send);
    await add(say(1, 'a'));
    await eventually(() => sent.length === 1);
    expect(await terminate(store)).toBeGreaterThan(1);
    await add(say(1, 'b'));
    await eventually(async () => (await pending()) === 0);
    expect(sent.at(-1)).toBe('b');
  });

  it('finishes the row that is under way when it is stopped, and begins no other', async () => {
    const began = gate();
    const answer = gate<Delivery>();
    const instance = start((row) => {
      sent.push(text(row));
      began.open();
      return answer.opened;
    });
    await add(say(1, 'a'), say(1, 'b'));
    await began.opened;
    const stopped = instance.drain.stop();
    answer.open({ kind: 'sent' });
    await stopped;
    expect(sent).toEqual(['a']);
    const { rows } = await store.query('select state from outbox order by id');
    expect(rows).toEqual([{ state: 'sent' }, { state: 'pending' }]);
  });
});

const text = (row: OutboxRow): string => (row.effect.kind === 'say' ? row.effect.text : row.effect.kind);
