/** People do what the plan says, each when it is time, and not before the channel is there. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { buttonsIn } from '../sandbox/story/actors.ts';
import type { Breaker } from './breaker.ts';
import { sql } from './ground.ts';
import { isRefusal } from './oracle-people.ts';
import { newcomer, type People, type Said } from './people.ts';
import { type Act, AGAIN, CORRECTED, LATECOMER } from './plan.ts';
import type { Scene } from './run.ts';

/** Longer than the store is away, while a bot that was killed waits for it. */
const DECLARED_MS = 120_000;
const CHANNEL_MS = 40_000;
const AGAIN_MS = 3000;
const APPROVAL_MS = 12_000;
const LOCK_MS = 12_000;
const PAGE_MS = 6000;
const CLICKS = 5;
const PAUSE_MS = 1000;
const EXECUTED_MS = 10_000;

/** Settles when everybody has done everything. */
export async function perform(scene: Scene, breaker: Breaker): Promise<void> {
  const { plan } = scene;
  await Promise.all(
    Array.from({ length: plan.incidents }, async (_, index) => {
      const incident = index + 1;
      const channel = await declared(scene, incident);
      const begun = Date.now();
      const mine = plan.acts.filter((act) => act.incident === incident);
      const play = async (act: Act): Promise<void> => {
        await sleep(Math.max(0, act.at - (Date.now() - begun)));
        await done(act, channel, scene, breaker);
      };
      const last = mine.filter((act) => act.kind === 'line' && act.after === 'danger');
      const danger = Promise.all(mine.filter(({ kind }) => kind === 'danger').map(play));
      const others = mine.filter((act) => act.kind !== 'danger' && !last.includes(act));
      await Promise.all([...others.map(play), danger.then(() => Promise.all(last.map(play)))]);
    }),
  );
}

/** Says it again when nothing comes of it. */
async function declared(scene: Scene, incident: number): Promise<string> {
  const { plan, people } = scene;
  const deadline = Date.now() + DECLARED_MS;
  for (let attempt = 1; ; attempt += 1) {
    const token = `inc${incident}t${plan.seed}n${attempt}z`;
    const { name: user } = await newcomer(`declarer${incident}n${attempt}`, people);
    const said = await people.say(
      { kind: 'declare', token, incident, user },
      'incidents',
      `declare sev2 ${token}`,
    );
    const promised = /kept on disk|is recorded and will be done/.test(said.told);
    const found = await people.until(async () => {
      const home = await people.homeNow(new RegExp(`-inc${incident}t`));
      return home ?? (promised || (await isDeclared(token, scene)) ? undefined : 'in vain');
    }, CHANNEL_MS);
    if (found !== undefined && found !== 'in vain') return found;
    if (found === 'in vain') await sleep(PAUSE_MS * attempt);
    if (Date.now() > deadline)
      throw new Error(`incident ${incident} has no channel after ${attempt} declarations`);
  }
}

async function done(act: Act, channel: string, scene: Scene, breaker: Breaker): Promise<void> {
  const { people } = scene;
  const { user, incident } = act;
  switch (act.kind) {
    case 'note':
    case 'update':
    case 'action':
    case 'impact':
      await people.say(
        { kind: act.kind, token: act.token, incident, user },
        channel,
        `${act.kind} ${act.token}`,
      );
      return;
    case 'line':
      if (act.after === 'page') await paged(user, people);
      await people.say({ kind: 'line', token: act.line, incident, user }, channel, act.line);
      return;
    case 'capture':
      await capture(act, channel, scene);
      return;
    case 'danger':
      await danger(act, channel, scene, breaker);
  }
}

/** Who is not paged in time says it all the same. */
async function paged(user: string, people: People): Promise<void> {
  await people.until(async () => {
    const { channels } = await people.state();
    const letters = channels.find(({ name }) => name === `dm-${user}`)?.messages ?? [];
    return letters.some(({ text }) => text.includes('You are paged')) || undefined;
  }, PAGE_MS);
}

async function capture(
  { token, edit, user, incident }: Extract<Act, { kind: 'capture' }>,
  channel: string,
  { people }: Scene,
): Promise<void> {
  const { ts } = await people.control<{ ts: string }>('POST', 'messages', {
    user,
    channel,
    text: `seen: ${token}`,
  });
  await people.control('POST', 'reactions', { user, channel, ts, name: 'pushpin' });
  people.did({ kind: edit ? 'corrected' : 'captured', token, incident, user });
  if (edit)
    await people.control('PATCH', `messages/${channel}/${ts}`, {
      user,
      text: `${CORRECTED} ${token}`,
    });
}

async function danger(
  act: Extract<Act, { kind: 'danger' }>,
  channel: string,
  scene: Scene,
  breaker: Breaker,
): Promise<void> {
  const { incident, cut } = act;
  const { people } = scene;
  const token = await asked(act, channel, scene);
  const button = await people.until(async () => {
    const all = buttonsIn(await people.state(), (name) => name === channel);
    const found = all.find(({ actionId }) => actionId === 'approval:approved');
    return found ?? ((await isUnderWay(token, scene)) ? undefined : 'over');
  }, APPROVAL_MS);
  if (!button || button === 'over') return;
  const approve = async (): Promise<Said | undefined> => {
    for (let attempt = 1; ; attempt += 1) {
      const said = await people.press({ kind: 'approve', token, incident, user: 'dba' }, button);
      const inVain = said && (!said.acked || /Click again|Say it again/i.test(said.told));
      if (attempt === CLICKS || !inVain) return said;
      await sleep(PAUSE_MS);
    }
  };
  if (cut === 'none') await executed(token, approve(), scene);
  else await cutOff(token, approve, scene, breaker);
}

/** Says it until it is taken; answers with the token that is. */
async function asked(act: Extract<Act, { kind: 'danger' }>, channel: string, scene: Scene): Promise<string> {
  let token = act.token;
  for (const again of AGAIN) {
    token = `${again}${act.token}`;
    const who = { kind: 'danger', token, incident: act.incident, user: `${act.user}${again}` };
    const { acked, told } = await scene.people.say(who, channel, `run chaos-effect token=${token}`);
    if (acked ? !/say it again/i.test(told) : await isUnderWay(token, scene).catch(() => true)) break;
    await sleep(PAUSE_MS);
  }
  return token;
}

/** Or recorded, and to be done. */
async function isDeclared(token: string, { place }: Scene): Promise<boolean> {
  const rows = await sql(
    place.storeUrl(),
    `select from inbox where state = 'received' and payload ->> 'text' like $1
      union all
     select from incidents where title like $1`,
    [`%${token}%`],
  );
  return rows.length > 0;
}

/** Recorded and not yet done, or a run that has not ended. */
async function isUnderWay(token: string, { place }: Scene): Promise<boolean> {
  const rows = await sql(
    place.storeUrl(),
    `select from inbox where state = 'received' and payload ->> 'text' like $1
      union all
     select from runs where ended_at is null and params ->> 'token' = $2`,
    [`%${token}%`, token],
  );
  return rows.length > 0;
}

async function executed(token: string, pressed: Promise<Said | undefined>, scene: Scene): Promise<void> {
  const { place, people } = scene;
  const said = await pressed;
  if (said && isRefusal(said.told)) return;
  await people.until(async () => {
    const rows = await sql(place.targetUrl(), 'select from effects where token = $1', [token]);
    return rows.length > 0 || !(await isUnderWay(token, scene)) || undefined;
  }, EXECUTED_MS);
}

/** Where PostgreSQL is restarted meanwhile, the step goes its way without the cut. */
async function cutOff(
  token: string,
  approve: () => Promise<Said | undefined>,
  scene: Scene,
  breaker: Breaker,
): Promise<void> {
  const { place, people, plan, tell } = scene;
  const lock = await hold(place.targetUrl(), 'lock table effects in access exclusive mode').catch(
    () => undefined,
  );
  const pressed = approve();
  let refused = false;
  void pressed.then((said) => (refused = said !== undefined && isRefusal(said.told)));
  const waits = await people.until(async () => {
    const rows = await sql(
      place.targetUrl(),
      `select from pg_stat_activity
        where datname = current_database() and usename = 'owner' and wait_event_type = 'Lock'`,
    );
    if (rows.length > 0) return 'for the lock';
    return refused || !(await isUnderWay(token, scene)) ? 'no more' : undefined;
  }, LOCK_MS);
  const journal =
    waits === 'for the lock' ? await hold(place.storeUrl(), JOURNAL).catch(() => undefined) : undefined;
  await lock?.end().catch(() => undefined);
  tell(`${token} waits ${waits ?? 'for nothing'}, ${journal ? 'and is cut off' : 'and goes its way'}`);
  if (journal) {
    await people.until(async () => {
      const rows = await sql(place.targetUrl(), 'select from effects where token = $1', [token]);
      return rows.length > 0 || undefined;
    }, AGAIN_MS);
    await Promise.all(Array.from({ length: plan.bots }, (_, bot) => breaker.kill(bot)));
  }
  await journal?.end().catch(() => undefined);
  await pressed;
}

/** Nothing more can be written down about any incident. */
const JOURNAL = 'select from incidents for update';

/** A transaction that holds what `text` takes, until its connection ends. */
async function hold(url: string, text: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  await client.query(`begin; set local lock_timeout = '2s'; ${text}`);
  return client;
}

/** A dangerous command is recorded, and nothing can be done before `die` has ended all bots. */
export async function tooLate(
  token: string,
  { place, people }: Scene,
  die: () => Promise<void>,
): Promise<() => Promise<unknown>> {
  const journal = await hold(place.storeUrl(), JOURNAL).catch(() => undefined);
  const channel = journal && (await people.home(/-inc1t/, AGAIN_MS));
  const said =
    channel &&
    people.say(
      { kind: 'danger', token, incident: 1, user: LATECOMER },
      channel,
      `run chaos-effect token=${token}`,
    );
  await people.until(async () => {
    const rows = await sql(
      place.storeUrl(),
      `select from inbox where state = 'received' and payload ->> 'text' like $1`,
      [`%${token}%`],
    );
    return rows.length > 0 || undefined;
  }, AGAIN_MS);
  await die();
  await journal?.end().catch(() => undefined);
  return () => Promise.resolve(said);
}
