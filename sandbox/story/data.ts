/**
 * The rows that a new shop starts with, as SQL that computes them from a seed.
 *
 * The same statements load the shop and, at the end of the story, tell the truth about every row that no customer
 * has touched: there is no stored copy that could be damaged too. `$1` is the seed, `$2` the number of orders.
 */

/** A number from 0 to `below` - 1 that depends on seed, order and `salt`. */
const dice = (order: string, salt: number, below: number): string =>
  `((hashint8extended(${order}, $1::bigint * 97 + ${salt}) & 2147483647) % ${below})::int`;

export const BASE_ORDERS_SQL = `
select id,
       1 + ${dice('id', 1, 50_000)} as customer_id,
       timestamptz '2024-05-31 08:00:00+00' - ${dice('id', 2, 7_776_000)} * interval '1 second' as placed_at,
       500 + ${dice('id', 3, 40_000)} as total_cents
  from generate_series(1, $2::bigint) as id`;

export const BASE_EVENTS_SQL = `
select row_number() over (order by o.id, n) as id,
       o.id as order_id,
       o.placed_at + (n - 1) * interval '19 hours' as at,
       case n
         when 1 then 'placed'
         when 2 then (array['packed', 'shipped', 'shipped', 'delayed'])[1 + ${dice('o.id', 4, 4)}]
         else (array['delivered', 'delivered', 'out for delivery', 'returned'])[1 + ${dice('o.id', 5, 4)}]
       end as status,
       case when n > 1
         then (array['DHL', 'UPS', 'FedEx', 'GLS', 'PostNL', 'Royal Mail'])[1 + ${dice('o.id', 6, 6)}]
       end as carrier,
       case when n > 1 then upper(left(md5(o.id || '/' || $1::bigint), 12)) end as tracking_code,
       date '2024-06-01' + ${dice('o.id', 7, 21)} + n::int as eta
  from (${BASE_ORDERS_SQL}) as o
 cross join lateral generate_series(1, 1 + ${dice('o.id', 8, 3)}) as n`;
