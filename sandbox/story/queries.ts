/** The SQL of the shop that others need to know: what the site asks, a probe of it, and where the truth lies. */

const ORDER_STATUS = `
select o.id, o.placed_at, o.total_cents, s.status, s.carrier, s.tracking_code, s.eta,
       s.eta - current_date as days_left, s.updated_at
  from orders o
  join order_status s on s.order_id = o.id`.trim();

/** What the site asks for the page of one order. The sum with `eta` is what a retyped column breaks. */
export const SITE_QUERY = `${ORDER_STATUS}\n where o.id = $1`;

/** The same question without parameters, for a probe: it must answer with `PROBE_ROWS` rows. */
export const PROBE_SQL = `${ORDER_STATUS}\n where o.id between 1 and 20`;
export const PROBE_ROWS = 20;

/** Each order's newest event: the right values of `order_status`, by key. */
export const TRUTH_SOURCE_SQL = `
select distinct on (order_id) order_id, status, carrier, tracking_code, eta
  from order_events
 order by order_id, id desc`.trim();
