/** The judge at the end of the story: every row, every event and the schema against what they must be. */
import pg from 'pg';
import { BASE_EVENTS_SQL, BASE_ORDERS_SQL } from './data.ts';
import type { Ledger, Traffic } from './traffic.ts';

export interface Verdict {
  /** Orders that must be there. */
  readonly rows: number;
  /** Everything that is not as it must be: the sum of what follows. */
  readonly wrong: number;
  readonly wrongStatus: number;
  readonly wrongOrders: number;
  /** Events that were changed or lost, or that nobody wrote. */
  readonly wrongEvents: number;
  /** Differences of the schema, in words. */
  readonly schema: readonly string[];
  /** A few of the differences, in words. */
  readonly samples: readonly string[];
}

interface Difference {
  readonly count: number;
  readonly samples: readonly string[];
}

const SCHEMA: readonly string[] = [
  'order_events.at timestamp with time zone not null',
  'order_events.carrier text',
  'order_events.eta date',
  'order_events.id bigint not null',
  'order_events.order_id bigint not null',
  'order_events.status text not null',
  'order_events.tracking_code text',
  'order_events: FOREIGN KEY (order_id) REFERENCES orders(id)',
  'order_events: PRIMARY KEY (id)',
  'order_status.carrier text',
  'order_status.eta date',
  'order_status.order_id bigint not null',
  'order_status.status text not null',
  'order_status.tracking_code text',
  'order_status.updated_at timestamp with time zone not null',
  'order_status: FOREIGN KEY (order_id) REFERENCES orders(id)',
  'order_status: PRIMARY KEY (order_id)',
  'orders.customer_id bigint not null',
  'orders.id bigint not null',
  'orders.placed_at timestamp with time zone not null',
  'orders.total_cents integer not null',
  'orders: PRIMARY KEY (id)',
];

/** Call it once the traffic is stopped: until then rows may rightly lag behind their events. */
export async function checkTruth(options: {
  readonly adminUrl: string;
  readonly traffic: Pick<Traffic, 'ledger'>;
}): Promise<Verdict> {
  const client = new pg.Client({ connectionString: options.adminUrl });
  await client.connect();
  try {
    await client.query('begin isolation level repeatable read');
    return await judge(client, options.traffic.ledger);
  } finally {
    await client.end();
  }
}

async function judge(client: pg.Client, ledger: Ledger): Promise<Verdict> {
  const schema = await schemaDifferences(client);
  const rows = await writeTruth(client, ledger);
  const orders = await ordersDifferences(client);
  const events = await eventsDifferences(client);
  // A table that is not there, or has not its columns, shows no row as it must be.
  const broken = schema.some((line) => line.includes(' order_status.'));
  const status = broken ? { count: rows, samples: [] } : await statusDifferences(client);
  return {
    rows,
    wrong: schema.length + orders.count + events.count + status.count,
    wrongStatus: status.count,
    wrongOrders: orders.count,
    wrongEvents: events.count,
    schema,
    samples: [...schema, ...orders.samples, ...events.samples, ...status.samples].slice(0, 12),
  };
}

async function schemaDifferences(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ line: string }>(`
    select c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
           || case when a.attnotnull then ' not null' else '' end as line
      from pg_class c
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace = 'public'::regnamespace and c.relname in ('orders', 'order_events', 'order_status')
     union all
    select c.relname || ': ' || pg_get_constraintdef(k.oid)
      from pg_class c
      join pg_constraint k on k.conrelid = c.oid and k.contype in ('p', 'f')
     where c.relnamespace = 'public'::regnamespace and c.relname in ('orders', 'order_events', 'order_status')`);
  const found = new Set(rows.map(({ line }) => line));
  return [
    ...SCHEMA.filter((line) => !found.has(line)).map((line) => `missing: ${line}`),
    ...[...found].filter((line) => !SCHEMA.includes(line)).map((line) => `unexpected: ${line}`),
  ];
}

/** Writes what must be there into temporary tables, which end with the session; answers the number of orders. */
async function writeTruth(client: pg.Client, ledger: Ledger): Promise<number> {
  const base = [ledger.seed, ledger.orders];
  await client.query('create temp table truth_orders (like orders including indexes)');
  await client.query('create temp table truth_events (like order_events including indexes)');
  await client.query(
    `insert into truth_orders (id, customer_id, placed_at, total_cents) ${BASE_ORDERS_SQL}`,
    base,
  );
  await client.query(
    `insert into truth_events (id, order_id, at, status, carrier, tracking_code, eta) ${BASE_EVENTS_SQL}`,
    base,
  );
  await addWrites(client, ledger.acknowledged, '');
  // What is unknown counts as promised if it is there at all.
  await addWrites(client, ledger.unknown, 'where exists (select from order_events e where e.id = event_id)');
  const { rows } = await client.query<{ n: number }>('select count(*)::int as n from truth_orders');
  return rows[0]?.n ?? 0;
}

async function addWrites(
  client: pg.Client,
  writes: readonly Ledger['acknowledged'][number][],
  where: string,
): Promise<void> {
  const orders = writes.flatMap(({ order, event }) =>
    order === undefined ? [] : [{ ...order, event_id: event.id }],
  );
  const events = writes.map(({ event }) => ({ ...event, event_id: event.id }));
  await client.query(
    `insert into truth_orders (id, customer_id, placed_at, total_cents)
     select id, customer_id, placed_at, total_cents
       from jsonb_to_recordset($1) as w (id bigint, customer_id bigint, placed_at timestamptz, total_cents int,
                                         event_id bigint)
     ${where}`,
    [JSON.stringify(orders)],
  );
  await client.query(
    `insert into truth_events (id, order_id, at, status, carrier, tracking_code, eta)
     select id, order_id, at, status, carrier, tracking_code, eta
       from jsonb_to_recordset($1) as w (id bigint, order_id bigint, at timestamptz, status text, carrier text,
                                         tracking_code text, eta date, event_id bigint)
     ${where}`,
    [JSON.stringify(events)],
  );
}

function ordersDifferences(client: pg.Client): Promise<Difference> {
  return differences(
    client,
    'order',
    `select id, row(t.customer_id, t.placed_at, t.total_cents)::text as expected,
            row(o.customer_id, o.placed_at, o.total_cents)::text as found
       from truth_orders t
       full join orders o using (id)
      where t.customer_id is null or o.customer_id is null
         or (t.customer_id, t.placed_at, t.total_cents)
            is distinct from (o.customer_id, o.placed_at, o.total_cents)`,
  );
}

function eventsDifferences(client: pg.Client): Promise<Difference> {
  return differences(
    client,
    'event',
    `select id, row(t.order_id, t.at, t.status, t.carrier, t.tracking_code, t.eta)::text as expected,
            row(e.order_id, e.at, e.status, e.carrier, e.tracking_code, e.eta)::text as found
       from truth_events t
       full join order_events e using (id)
      where t.order_id is null or e.order_id is null
         or (t.order_id, t.at, t.status, t.carrier, t.tracking_code, t.eta)
            is distinct from (e.order_id, e.at, e.status, e.carrier, e.tracking_code, e.eta)`,
  );
}

/** `updated_at` is left out: a repair may stamp the rows that it puts back. */
function statusDifferences(client: pg.Client): Promise<Difference> {
  return differences(
    client,
    'status of order',
    `select order_id as id, row(t.status, t.carrier, t.tracking_code, t.eta)::text as expected,
            row(s.status, s.carrier, s.tracking_code, s.eta)::text as found
       from (select distinct on (order_id) order_id, status, carrier, tracking_code, eta
               from truth_events
              order by order_id, id desc) as t
       full join order_status s using (order_id)
      where t.status is null or s.status is null
         or (t.status, t.carrier, t.tracking_code, t.eta)
            is distinct from (s.status, s.carrier, s.tracking_code, s.eta)`,
  );
}

async function differences(client: pg.Client, what: string, sql: string): Promise<Difference> {
  const { rows } = await client.query<{ id: string; expected: string; found: string; total: number }>(
    `select id, expected, found, (count(*) over ())::int as total from (${sql}) as d order by id limit 5`,
  );
  return {
    count: rows[0]?.total ?? 0,
    samples: rows.map((row) => `${what} ${row.id}: expected ${row.expected}, found ${row.found}`),
  };
}
