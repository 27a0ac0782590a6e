/** Waits until nothing is left to be done, with everything healthy again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bots } from './bots.ts';
import type { Place } from './ground.ts';
import { sql } from './ground.ts';

const LONGEST_MS = 60_000;
const LOOK_MS = 150;
const STEP_MS = 1000;
/** As long as what was sent twice is looked for, and Slack sends events again. */
const SWEEP_STEP_MS = 60_000;
const SWEEP_STEPS = 18;

const LEFT = `
  select concat_ws(', ',
    (select 'inbox ' || string_agg(kind, ' ') from inbox where state = 'received'),
    (select 'outbox ' || string_agg(lane || ' ' || (effect ->> 'kind') || coalesce(' ' || error, ''), '; ')
       from outbox where state = 'pending'),
    (select 'steps ' || string_agg(run_id || ' ' || name || ' ' || s.state, '; ')
       from run_steps s join runs r on r.id = s.run_id
      where r.ended_at is null and r.runbook <> 'first-five-minutes' and s.state in ('planning', 'running', 'unknown'))) as left`;

/** Undefined when all is done; else what is left. */
export async function settled(place: Place, bots: Bots): Promise<string | undefined> {
  const left = await untilNothing(place, bots);
  if (left !== undefined) return left;
  for (let step = 0; step < SWEEP_STEPS && (await twinsExpected(place)); step += 1) {
    bots.advance(SWEEP_STEP_MS);
    await sleep(LOOK_MS * 2);
  }
  return untilNothing(place, bots);
}

const leftIn = async (place: Place): Promise<string> =>
  (await sql<{ left: string }>(place.storeUrl(), LEFT))[0]?.left ?? '';

const twinsExpected = async (place: Place): Promise<boolean> =>
  (await sql(place.storeUrl(), 'select from repeats limit 1')).length > 0;

async function untilNothing(place: Place, bots: Bots): Promise<string | undefined> {
  let quiet = 0;
  let left = '';
  for (const deadline = Date.now() + LONGEST_MS; Date.now() < deadline; ) {
    left = await leftIn(place);
    quiet = left === '' ? quiet + 1 : 0;
    if (quiet === 2) return undefined;
    bots.advance(STEP_MS);
    await sleep(LOOK_MS);
  }
  return left;
}
