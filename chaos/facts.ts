/** Collects what the oracle looks at, when all has settled. */
import type { QueryResultRow } from 'pg';
import { verifyChain } from '../src/domain/chain.ts';
import { openStore, type Store } from '../src/store/store.ts';
import { loadChain } from '../src/store/timeline.ts';
import type { Place } from './ground.ts';
import { sql } from './ground.ts';
import type { Facts } from './oracle.ts';
import type { People } from './people.ts';

interface ShownMessage {
  readonly ts: string;
  readonly text: string;
  readonly bot_id?: string;
  readonly metadata?: { readonly event_payload?: { readonly effect_id?: string } };
}

interface Shown {
  readonly users: readonly { readonly id: string; readonly name: string }[];
  readonly channels: readonly {
    readonly id: string;
    readonly messages: readonly ShownMessage[];
    readonly ephemerals: readonly (ShownMessage & { readonly to: string })[];
    readonly files: readonly { readonly name: string }[];
  }[];
}

/** The name of whoever has this id. */
type NameOf = (id: string) => string;

/** What was seen while it was played. */
type Known = Pick<Facts, 'unsettled' | 'ended'>;

export async function collect(place: Place, people: People, known: Known): Promise<Facts> {
  const store = openStore(place.storeUrl());
  try {
    const { users, channels } = await people.control<Shown>('GET', 'state');
    const names = new Map(users.map(({ id, name }) => [id, name]));
    const nameOf: NameOf = (id) => names.get(id) ?? id;
    const whispers = channels.flatMap(({ ephemerals }) =>
      ephemerals.filter(ofBot).map(({ to, text }) => ({ to: nameOf(to), text })),
    );
    const target = place.targetUrl();
    const effects = await sql<{ token: string }>(target, 'select token from effects');
    return {
      ...(await ofStore(store, nameOf)),
      // Of what came when nobody waited for it any more, too.
      said: people.said.map((one) => ({ ...one, told: wordsTo(one.user, whispers) })),
      whispers,
      messages: channels.flatMap(({ id, messages }) =>
        messages.filter(ofBot).map(({ ts, text, metadata }) => ({
          channel: id,
          ts,
          text,
          effectId: metadata?.event_payload?.effect_id,
        })),
      ),
      files: channels.flatMap(({ files }) => files.map(({ name }) => name)),
      effects: effects.map(({ token }) => token),
      markers: await markersIn(target),
      ...known,
    };
  } finally {
    await store.close();
  }
}

/** Not what Slack itself said. */
const ofBot = ({ bot_id: bot }: ShownMessage): boolean => bot !== undefined;

const wordsTo = (user: string, whispers: Facts['whispers']): string =>
  whispers.flatMap(({ to, text }) => (to === user ? [text] : [])).join('\n');

async function markersIn(target: string): Promise<number> {
  const [there] = await sql<{ there: boolean }>(
    target,
    `select to_regclass('firebreak.markers') is not null as there`,
  );
  if (!there?.there) return 0;
  const rows = await sql(target, 'select from firebreak.markers where part = 0');
  return rows.length;
}

async function ofStore(
  store: Store,
  nameOf: NameOf,
): Promise<Omit<Facts, 'said' | 'whispers' | 'messages' | 'files' | 'effects' | 'markers' | keyof Known>> {
  const incidents = await rows<Facts['incidents'][number]>(
    store,
    'select id, title, channel_id as channel from incidents order by id',
  );
  const chain: string[] = [];
  for (const { id } of incidents) {
    const verdict = verifyChain(await loadChain(store, id));
    if (!verdict.ok) chain.push(`timeline of ${id} is broken at ${verdict.seq}: ${verdict.reason}`);
  }
  return {
    incidents,
    chain,
    entries: named(
      await rows<Facts['entries'][number]>(
        store,
        `select t.incident_id as incident, t.seq, t.kind, t.actor as user, coalesce(c.content ->> 'text', '') as text
           from timeline t join timeline_contents c using (incident_id, seq)
          order by t.incident_id, t.seq`,
      ),
      nameOf,
    ),
    actions: (await rows<{ text: string }>(store, 'select text from action_items')).map(({ text }) => text),
    inbox: named(
      await rows<Facts['inbox'][number]>(
        store,
        `select state, payload ->> 'user_id' as user, coalesce(payload ->> 'text', '') as text
           from inbox where kind = 'command'`,
      ),
      nameOf,
    ),
    outbox: named(
      await rows<Facts['outbox'][number]>(
        store,
        `select id, lane, effect_id as "effectId", effect ->> 'kind' as kind, state,
                coalesce(effect ->> 'text', effect ->> 'name', '') as text,
                coalesce(effect ->> 'user', effect #>> '{to,id}', '') as user,
                coalesce(effect ->> 'subject', '') as subject
           from outbox order by id`,
      ),
      nameOf,
    ),
    escalations: await rows(
      store,
      'select incident_id as incident, number, level, state from escalations order by incident_id, number',
    ),
    pages: named(
      await rows<Facts['pages'][number]>(
        store,
        `select incident_id as incident, number, escalation, level, user_id as user, at, answer,
              (select max(t.recorded_at) from timeline t
                where t.incident_id = pages.incident_id and t.kind = 'answer' and t.actor = pages.user_id) as "writtenAt"
           from pages order by incident_id, number`,
      ),
      nameOf,
    ),
    writes: await rows(store, `select what, key, bot from chaos.writes where kind = 'outbox' order by seq`),
    runs: await rows(
      store,
      `select r.params ->> 'token' as token, s.state as step
         from runs r join run_steps s on s.run_id = r.id
        where r.runbook = 'chaos-effect' and s.kind = 'db-execute'`,
    ),
  };
}

const rows = async <Row extends object>(store: Store, text: string): Promise<readonly Row[]> =>
  (await store.query<Row & QueryResultRow>(text)).rows;

const named = <Row extends { readonly user: string }>(all: readonly Row[], nameOf: NameOf): readonly Row[] =>
  all.map((row) => ({ ...row, user: nameOf(row.user) }));
