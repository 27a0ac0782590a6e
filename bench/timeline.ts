/** Entries of the timeline that are committed in a second, against bare clients that do the same INSERT. */
import pg from 'pg';
import type { App } from '../src/app/app.ts';
import { createApp } from '../src/app/create.ts';
import { migrate } from '../src/store/migrate.ts';
import { openStore, type Store } from '../src/store/store.ts';
import { everybody, testSettings } from '../test/support/app.ts';
import type { Bench, Figure } from './figure.ts';
import { inWorld, type World } from './world.ts';

const CLIENTS = 8;
const SECONDS = 6;
const ROUNDS = 3;
const HALF = 0.5;
const BY = 'U0000ONCALL';

export const timeline: Bench = {
  name: 'timeline',
  title: 'Entries of the timeline',
  about: `${CLIENTS} at a time write notes, each in an incident of its own: the incident is locked and read, the note decided and
chained to the entry before it, and all of it committed. Compared, in turns of ${SECONDS} s, to ${CLIENTS} bare clients that commit the same
INSERT of an entry and its content, and nothing else: prepared, as ours is, and as most clients send it, to be planned each time. A note takes two round trips and three reads before
its INSERT; with the cores full, that is the difference.`,
  measure: () => inWorld(measured),
};

async function measured(world: World): Promise<readonly Figure[]> {
  const store = openStore(await world.database('firebreak'));
  world.onClose(() => store.close());
  await migrate(store);
  const notes = await noting(store);
  const prepared = await inserting(store, world, 'entry');
  const planned = await inserting(store, world);
  const all = [notes, prepared, planned];
  for (const lanes of all) await countOf(lanes, 1);
  const counts = [0, 0, 0];
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [index, lanes] of all.entries())
      counts[index] = (counts[index] ?? 0) + (await countOf(lanes, SECONDS));
  const [ours = 0, best = 0, usual = 0] = counts.map((count) => count / (ROUNDS * SECONDS));
  const figure = { name: 'timeline entries committed', value: ours, unit: '/s' } as const;
  return [
    {
      ...figure,
      against: { value: best, what: 'by the bare INSERT, prepared' },
      goals: [{ of: 'ratio', is: 'at least', limit: HALF }],
    },
    { ...figure, against: { value: usual, what: 'by the bare INSERT, planned each time' } },
  ];
}

type Lane = () => Promise<unknown>;

/** How often all lanes together did what they do, each again and again. */
async function countOf(lanes: readonly Lane[], seconds: number): Promise<number> {
  const end = performance.now() + seconds * 1000;
  const counts = lanes.map(async (lane) => {
    let count = 0;
    for (; performance.now() < end; count += 1) await lane();
    return count;
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

const textOf = (n: number): string => `observation ${n}: the p99 of the checkout is at 4 s and rising`;

async function noting(store: Store): Promise<readonly Lane[]> {
  const now = (): Date => new Date();
  const settings = testSettings();
  const known = { store, settings, directory: everybody, now, runbooks: new Map(), generatedBy: 'bench' };
  const app = createApp(known);
  const lanes: Lane[] = [];
  for (let lane = 0; lane < CLIENTS; lane += 1) lanes.push(await noteIn(app, lane));
  return lanes;
}

async function noteIn(app: App, lane: number): Promise<Lane> {
  const declared = await app.declare({ by: BY, title: `incident ${lane}`, severity: 'sev3', anyway: true });
  if (!declared.ok) throw new Error(declared.code);
  let n = 0;
  return async () => {
    const noted = await app.act(declared.incident.id, { kind: 'note', by: BY, text: textOf((n += 1)) });
    if (!noted.ok) throw new Error(noted.code);
  };
}

async function inserting(store: Store, world: World, prepared?: string): Promise<readonly Lane[]> {
  const lanes: Lane[] = [];
  for (let lane = 0; lane < CLIENTS; lane += 1) {
    const client = new pg.Client({ connectionString: store.url });
    await client.connect();
    world.onClose(() => client.end());
    lanes.push(await insertInto(client, prepared));
  }
  return lanes;
}

async function insertInto(client: pg.Client, name?: string): Promise<Lane> {
  const { rows } = await client.query<{ id: string }>(INCIDENT);
  const hash = 'f'.repeat(64);
  let seq = 0;
  return () => {
    const now = new Date();
    const content = JSON.stringify({ text: textOf((seq += 1)) });
    const values = [rows[0]?.id, seq, now, now, 'note', BY, hash, hash, 'f'.repeat(32), content];
    return client.query({ ...(name === undefined ? {} : { name }), text: ENTRY, values });
  };
}

const INCIDENT = `
  insert into incidents (kind, title, severity, status, status_since, declared_by, declared_at)
  values ('incident', 'bare', 'sev3', 'investigating', now(), '${BY}', now())
  returning id`;

/** As store/timeline.ts has it. */
const ENTRY = `
  with entry as (
    insert into timeline (incident_id, seq, at, recorded_at, kind, actor, content_digest, hash)
    values ($1, $2, $3, $4, $5, $6, $7, $8)
    returning incident_id, seq)
  insert into timeline_contents (incident_id, seq, salt, content)
  select incident_id, seq, $9, $10 from entry`;
