/** Waits until nothing is left to be done, with everything healthy again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WORK_CHANNEL } from '../src/store/outbox.ts';
import type { Bots } from './bots.ts';
import type { Place } from './ground.ts';
import { sql } from './ground.ts';

const LONGEST_MS = 90_000;
/** So many looks, each further ahead in time, at which nothing has changed. */
const PATIENCE = 80;
const LOOK_MS = 80;
/** What waits longer than it seemed is waited for in greater steps. */
const FIRST_STEP_MS = 500;
const LAST_STEP_MS = 16_000;
/** More than what was sent twice is looked for. */
const MOST_LOOKS = 40;

const LEFT = `
  select concat_ws(', ',
    (select 'inbox ' || string_agg(kind, ' ') from inbox where state = 'received'),
    (select 'outbox ' || string_agg(lane || ' ' || (effect ->> 'kind') || coalesce(' ' || error, ''), '; ')
       from outbox where state = 'pending'),
    (select 'steps ' || string_agg(run_id || ' ' || name || ' ' || s.state, '; ')
       from run_steps s join runs r on r.id = s.run_id
      where r.ended_at is null and r.runbook <> 'first-five-minutes' and s.state in ('planning', 'running', 'unknown')),
    (select 'pages of ' || string_agg(i.id || ' at level ' || e.level, '; ')
       from escalations e join incidents i on i.id = e.incident_id
      where e.state = 'paging' and i.status not in ('resolved', 'cancelled'))) as left`;

/** Undefined when all is done; else what is left. */
export async function settled(place: Place, bots: Bots): Promise<string | undefined> {
  return (
    (await untilNothing(place, bots)) ??
    (await allDelivered(place, bots)) ??
    (await twinsLookedFor(place, bots)) ??
    (await untilNothing(place, bots))
  );
}

const leftIn = async (place: Place): Promise<string> =>
  (await sql<{ left: string }>(place.storeUrl(), LEFT))[0]?.left ?? '';

async function untilNothing(place: Place, bots: Bots): Promise<string | undefined> {
  let quiet = 0;
  let same = 0;
  let step = FIRST_STEP_MS;
  let before = '';
  for (const deadline = Date.now() + LONGEST_MS; Date.now() < deadline && same < PATIENCE; ) {
    const left = await leftIn(place);
    quiet = left === '' ? quiet + 1 : 0;
    if (quiet === 3) return undefined;
    same = left === before ? same + 1 : 0;
    step = left === before ? Math.min(step * 2, LAST_STEP_MS) : FIRST_STEP_MS;
    before = left;
    await forward(left === '' ? FIRST_STEP_MS : step, place, bots);
    await sleep(LOOK_MS);
  }
  return before;
}

/** Slack tries an event that was not acked again after a minute, and after five. */
async function allDelivered(place: Place, bots: Bots): Promise<string | undefined> {
  for (let look = 0; look < MOST_LOOKS; look += 1) {
    if (bots.undelivered() === 0) return undefined;
    await forward(LAST_STEP_MS, place, bots);
    await sleep(LOOK_MS);
  }
  return 'Slack has events that nobody takes';
}

/** Puts the clocks forward to each time at which what was sent again is looked for. */
async function twinsLookedFor(place: Place, bots: Bots): Promise<string | undefined> {
  for (let look = 0; look < MOST_LOOKS; look += 1) {
    const [next] = await sql<{ at: Date }>(
      place.storeUrl(),
      'select look_at as at from repeats order by look_at limit 1',
    );
    if (!next) return undefined;
    await forward(Math.max(FIRST_STEP_MS, next.at.getTime() - bots.now().getTime()), place, bots);
    await sleep(LOOK_MS);
  }
  return 'what was sent twice is not looked for';
}

/** All look for work now, and not within a second. */
async function forward(ms: number, place: Place, bots: Bots): Promise<void> {
  bots.advance(ms);
  await sql(place.storeUrl(), `select pg_notify('${WORK_CHANNEL}', '')`);
}
