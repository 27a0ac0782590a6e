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

export async function collect(place: Place, people: People, unsettled: string | undefined): Promise<Facts> {
  const store = openStore(place.storeUrl());
  try {
    const { channels } = await people.control<{
      channels: readonly { readonly id: string; readonly messages: readonly ShownMessage[] }[];
    }>('GET', 'state');
    const target = place.targetUrl();
    const effects = await sql<{ token: string }>(target, 'select token from effects');
    return {
      ...(await ofStore(store)),
      said: people.said,
      messages: channels.flatMap(({ id, messages }) =>
        messages
          .filter((message) => message.bot_id !== undefined)
          .map(({ ts, text, metadata }) => ({
            channel: id,
            ts,
            text,
            effectId: metadata?.event_payload?.effect_id,
          })),
      ),
      effects: effects.map(({ token }) => token),
      markers: await markersIn(target),
      unsettled,
    };
  } finally {
    await store.close();
  }
}

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
): Promise<Omit<Facts, 'said' | 'messages' | 'effects' | 'markers' | 'unsettled'>> {
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
    entries: await rows(
      store,
      `select t.incident_id as incident, t.seq, t.kind, coalesce(c.content ->> 'text', '') as text
         from timeline t join timeline_contents c using (incident_id, seq)
        order by t.incident_id, t.seq`,
    ),
    actions: (await rows<{ text: string }>(store, 'select text from action_items')).map(({ text }) => text),
    inbox: await rows(store, `select state, coalesce(payload ->> 'text', '') as text from inbox`),
    outbox: await rows(
      store,
      `select id, lane, effect_id as "effectId", effect ->> 'kind' as kind, state,
              coalesce(effect ->> 'text', '') as text, effect ->> 'kind' <> 'whisper' as posted
         from outbox order by id`,
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
