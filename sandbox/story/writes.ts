/**
 * A customer's write and the projection of an order's newest event into `order_status`.
 *
 * The event is what the customer is answered for; the status row follows from it, at once or, when the schema does
 * not fit the code, later. The order's row is locked first, so that of two events the newer also has the higher id.
 */
import type pg from 'pg';
import { sqlstateOf } from './tally.ts';

interface OrderRow {
  readonly id: number;
  readonly customer_id: number;
  readonly placed_at: string;
  readonly total_cents: number;
}

interface EventRow {
  readonly id: number;
  readonly order_id: number;
  readonly at: string;
  readonly status: string;
  readonly carrier: string | null;
  readonly tracking_code: string | null;
  readonly eta: string;
}

export interface CustomerWrite {
  /** An order that exists, or a new one. */
  readonly order: number | Omit<OrderRow, 'id'>;
  readonly event: Omit<EventRow, 'id' | 'order_id'>;
}

export type WriteResult =
  | { readonly kind: 'acknowledged' | 'unknown'; readonly written: Written; readonly projected: boolean }
  | { readonly kind: 'failed'; readonly sqlstate: string };

export interface Written {
  readonly order: OrderRow | undefined;
  readonly event: EventRow;
}

export async function writeEvent(pool: pg.Pool, write: CustomerWrite): Promise<WriteResult> {
  let client: pg.PoolClient | undefined;
  try {
    client = await pool.connect();
    await client.query('begin');
    const written = await insertEvent(client, write);
    const projected = await tryProjection(client, written.event.order_id);
    const kind = await commit(client);
    client.release(kind === 'unknown');
    return { kind, written, projected };
  } catch (error) {
    client?.release(true); // Closing the connection rolls back, whatever state it is in.
    return { kind: 'failed', sqlstate: sqlstateOf(error) };
  }
}

/** Sets the status row from the order's newest event; false when schema and code still do not fit. */
export async function projectOrder(pool: pg.Pool, orderId: number): Promise<boolean> {
  let client: pg.PoolClient | undefined;
  try {
    client = await pool.connect();
    await client.query('begin');
    await lockOrder(client, orderId);
    const projected = await tryProjection(client, orderId);
    const kind = await commit(client);
    client.release(kind === 'unknown');
    return projected && kind === 'acknowledged';
  } catch {
    client?.release(true);
    return false;
  }
}

async function insertEvent(client: pg.PoolClient, write: CustomerWrite): Promise<Written> {
  const order = typeof write.order === 'number' ? undefined : await insertOrder(client, write.order);
  const orderId = order?.id ?? (write.order as number);
  if (order === undefined) await lockOrder(client, orderId);
  const { at, status, carrier, tracking_code, eta } = write.event;
  const { rows } = await client.query<{ id: string }>(
    `insert into order_events (order_id, at, status, carrier, tracking_code, eta)
     values ($1, $2, $3, $4, $5, $6)
     returning id`,
    [orderId, at, status, carrier, tracking_code, eta],
  );
  return { order, event: { id: Number(rows[0]?.id), order_id: orderId, ...write.event } };
}

async function insertOrder(client: pg.PoolClient, order: Omit<OrderRow, 'id'>): Promise<OrderRow> {
  const { rows } = await client.query<{ id: string }>(
    'insert into orders (customer_id, placed_at, total_cents) values ($1, $2, $3) returning id',
    [order.customer_id, order.placed_at, order.total_cents],
  );
  return { id: Number(rows[0]?.id), ...order };
}

async function lockOrder(client: pg.PoolClient, orderId: number): Promise<void> {
  await client.query('select id from orders where id = $1 for no key update', [orderId]);
}

/** Class 42, "the schema does not fit the statement", is undone by the savepoint; all else fails the write. */
async function tryProjection(client: pg.PoolClient, orderId: number): Promise<boolean> {
  await client.query('savepoint projection');
  try {
    await project(client, orderId);
    return true;
  } catch (error) {
    if (!sqlstateOf(error).startsWith('42')) throw error;
    await client.query('rollback to savepoint projection');
    return false;
  }
}

async function project(client: pg.PoolClient, orderId: number): Promise<void> {
  await client.query(
    `insert into order_status (order_id, status, carrier, tracking_code, eta, updated_at)
     select order_id, status, carrier, tracking_code, eta, at
       from order_events
      where order_id = $1
      order by id desc
      limit 1
     on conflict (order_id) do update
        set status = excluded.status, carrier = excluded.carrier, tracking_code = excluded.tracking_code,
            eta = excluded.eta, updated_at = excluded.updated_at`,
    [orderId],
  );
}

/** An answer other than COMMIT's own leaves open whether the write is there. */
async function commit(client: pg.PoolClient): Promise<'acknowledged' | 'unknown'> {
  try {
    const { command } = await client.query('commit');
    return command === 'COMMIT' ? 'acknowledged' : 'unknown';
  } catch {
    return 'unknown';
  }
}
