/** Takes words out of all that the store holds in prose, wherever they were carried; the timeline's chain stays. */
import type { EntryKind } from '../domain/entry.ts';
import { REDACTED, type Sought, type Words } from '../domain/redaction.ts';
import { storableJson } from '../domain/storable.ts';
import { placeOf } from './live-messages.ts';
import type { Db } from './store.ts';

/** A row that held them, as it is afterwards. */
export interface Scrubbed {
  readonly table: string;
  readonly row: Readonly<Record<string, unknown>>;
}

/**
 * The chain has its own erasure; a captured migration is bound by its hash, and no place for what people say. The
 * others hold names and numbers only.
 */
const LEFT_ALONE = [
  'timeline',
  'timeline_contents',
  'firebreak_migrations',
  'captured_migrations',
  'people',
  'leases',
  'lanes',
  'live_messages',
  'holds',
  'repeats',
];

/** Names of columns and keys whose values the program reads; a word that equals one must not break it. */
const STRUCTURE =
  /^(?:action|actor|answer|by|channel|command|database|decision|due|entry|from|hash|id|ids|index|kind|lane|level|monitor|owner|people|risk|role|roles|runbook|section|services?|severity|sha256|slot|sqlstate|state|status|targets?|team|to|ts|type|user|users|via|ways|what)$|_(?:at|by|hash|id|ts|user)$/;

/** Every text and jsonb column of every table; what other tables will hold is found by itself. */
export async function scrubStore(tx: Db, words: Words, incident: number): Promise<readonly Scrubbed[]> {
  await forgetClicks(tx);
  const scrubbed: Scrubbed[] = [];
  for (const table of await proseTables(tx)) scrubbed.push(...(await scrubTable(tx, table, words, incident)));
  return scrubbed;
}

/** The incident that a row belongs to; undefined: of none, or that is not known. */
export function incidentOf({ table, row }: Scrubbed): number | undefined {
  if (table === 'incidents') return Number(row['id']);
  if (row['incident_id'] !== undefined && row['incident_id'] !== null) return Number(row['incident_id']);
  const { incident, to, subject, page } = (isRecord(row['effect']) ? row['effect'] : {}) as {
    readonly [key in 'subject' | 'page']?: { readonly incident?: number };
  } & { readonly incident?: number; readonly to?: { readonly kind?: string; readonly id?: unknown } };
  const id = incident ?? subject?.incident ?? page?.incident ?? (to?.kind === 'incident' ? to.id : undefined);
  return id === undefined ? undefined : Number(id);
}

/** What a step works with is names of tables and hosts: a word of every day is one of those. */
const WORKED_WITH = ['runs', 'run_steps', 'proposals', 'monitors'];

/** In its own incident, in what people typed and the bot said, also the word of every day that was all that was said. */
function soughtIn(words: Words, own: number, place: Scrubbed): Sought {
  if (WORKED_WITH.includes(place.table)) return words.elsewhere;
  const of = incidentOf(place);
  const here = of === own || (of === undefined && ['inbox', 'outbox'].includes(place.table));
  return here ? words : words.elsewhere;
}

/**
 * A click brings the whole message that it was made on, in pieces and cut short: of what is settled, and is never read
 * again, nothing is kept but typed lines.
 */
const forgetClicks = (tx: Db) =>
  tx.query(
    `update inbox set payload = '{}' where state <> 'received' and kind <> 'command' and payload <> '{}'`,
  );

interface ProseTable {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

async function proseTables(tx: Db): Promise<readonly ProseTable[]> {
  const { rows } = await tx.query<ProseTable>(
    `select c.relname as name,
            jsonb_agg(jsonb_build_object('name', a.attname, 'type', t.typname) order by a.attnum) as columns
       from pg_class c
       join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       join pg_type t on t.oid = a.atttypid
      where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace and c.relname <> all ($1)
        and t.typname in ('text', 'varchar', 'jsonb', '_text')
        and not exists (select from pg_index i
                         where i.indrelid = c.oid and i.indisprimary and a.attnum = any (i.indkey))
      group by c.relname
      order by c.relname`,
    [LEFT_ALONE],
  );
  return rows
    .map(({ name, columns }) => ({ name, columns: columns.filter((column) => !STRUCTURE.test(column.name)) }))
    .filter(({ columns }) => columns.length > 0);
}

async function scrubTable(
  tx: Db,
  { name, columns }: ProseTable,
  words: Words,
  own: number,
): Promise<readonly Scrubbed[]> {
  const texts = columns.map((column) => `t.${quoted(column.name)}::text`).join(', ');
  const { rows } = await tx.query<{ place: string; row: Record<string, unknown> }>(
    `select t.ctid::text as place, to_jsonb(t) as row
       from ${quoted(name)} t
      where exists (select from unnest($1::text[]) as mark where strpos(concat_ws(' ', ${texts}), mark) > 0)
        for update of t`,
    [words.marks],
  );
  const scrubbed: Scrubbed[] = [];
  for (const { place, row } of rows) {
    const sought = soughtIn(words, own, { table: name, row });
    const changed = columns.filter((column) => holdsAny(row[column.name], sought));
    if (changed.length === 0) continue;
    const after = Object.fromEntries(
      changed.map((column) => [column.name, scrubAll(row[column.name], sought)]),
    );
    const sets = changed.map((column, index) => `${quoted(column.name)} = $${index + 2}`);
    const values = changed.map(({ name: key, type }) =>
      type === 'jsonb' ? storableJson(after[key]) : after[key],
    );
    await tx.query(`update ${quoted(name)} set ${sets.join(', ')} where ctid = $1::tid`, [place, ...values]);
    scrubbed.push({ table: name, row: { ...row, ...after } });
  }
  return scrubbed;
}

const quoted = (identifier: string): string => `"${identifier.replaceAll('"', '""')}"`;

/** Whether any text within a value holds the words. */
function holdsAny(value: unknown, words: Sought): boolean {
  if (typeof value === 'string') return words.holds(value);
  if (Array.isArray(value)) return value.some((item) => holdsAny(item, words));
  return isRecord(value) && prose(value).some(([, member]) => holdsAny(member, words));
}

function scrubAll(value: unknown, words: Sought): unknown {
  if (typeof value === 'string') return words.scrub(value);
  if (Array.isArray(value)) return value.map((item) => scrubAll(item, words));
  if (!isRecord(value)) return value;
  return {
    ...value,
    ...Object.fromEntries(prose(value).map(([key, member]) => [key, scrubAll(member, words)])),
  };
}

/** What the program reads is left as it is, unless it has members of its own. */
const prose = (value: Readonly<Record<string, unknown>>) =>
  Object.entries(value).filter(([key, member]) => typeof member !== 'string' || !STRUCTURE.test(key));

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

export interface Holding {
  readonly incident: number;
  readonly seq: number;
  readonly kind: EntryKind;
  readonly details?: unknown;
}

/** Entries of any incident that hold the words, which were said in this one. */
export async function entriesHolding(db: Db, words: Words, incident: number): Promise<readonly Holding[]> {
  const { rows } = await db.query<{
    incident_id: number;
    seq: number;
    kind: EntryKind;
    content: { text?: unknown; details?: unknown };
  }>(
    `select c.incident_id, c.seq, t.kind, c.content
       from timeline_contents c
       join timeline t using (incident_id, seq)
      where exists (select from unnest($1::text[]) as mark where strpos(c.content::text, mark) > 0)
      order by c.incident_id, c.seq`,
    [words.marks],
  );
  return rows
    .filter(
      ({ incident_id: id, content: { text, ...rest } }) =>
        holdsAny(text, id === incident ? words : words.elsewhere) || holdsAny(rest, words.elsewhere),
    )
    .map(({ incident_id: id, seq, kind, content: { details } }) => ({ incident: id, seq, kind, details }));
}

/** Why earlier words were erased stays, unless it tells these. */
export async function forgetReasons(tx: Db, words: Words, incident: number): Promise<void> {
  const { rows } = await tx.query<{ incident_id: number; seq: number; reason: string }>(
    `select incident_id, seq, erased_reason as reason
       from timeline_contents
      where exists (select from unnest($1::text[]) as mark where strpos(erased_reason, mark) > 0)`,
    [words.marks],
  );
  const told = rows.filter(({ incident_id: id, reason }) =>
    (id === incident ? words : words.elsewhere).holds(reason),
  );
  for (const { incident_id: id, seq } of told)
    await tx.query('update timeline_contents set erased_reason = $3 where incident_id = $1 and seq = $2', [
      id,
      seq,
      REDACTED,
    ]);
}

/** A run that is not over and works with the words: to take them out of its plan would change what it does. */
export async function activeRunHolding(db: Db, words: Words): Promise<number | undefined> {
  const { rows } = await db.query<{ id: number; known: unknown }>(
    `select r.id, jsonb_build_array(r.title, r.params, (select jsonb_agg(to_jsonb(s)) from run_steps s where s.run_id = r.id)) as known
       from runs r
      where r.ended_at is null
      order by r.id`,
  );
  return rows.find(({ known }) => holdsAny(known, words.elsewhere))?.id;
}

/** What a step found is known by more words than those of its entry. */
export const forgetOutput = (tx: Db, run: number, step: number) =>
  tx.query(
    `update run_steps set output = null, verdict = $3
      where run_id = $1 and index = $2 and exists (select from runs where id = $1 and ended_at is not null)`,
    [run, step, REDACTED],
  );

/**
 * Exports are made of everything: those that still lie here are taken out whole, sent or not. Answers the names of the
 * files that were posted at any time: the timeline knows of them when the outbox has forgotten.
 */
export async function forgetExports(tx: Db, incident: number, instead: string): Promise<readonly string[]> {
  const { rows } = await tx.query<{ name: string }>(
    `with forgotten as (
       update outbox set effect = effect || jsonb_build_object('content', $2::text)
        where effect ->> 'kind' = 'file' and effect ->> 'name' ^@ $1
        returning effect ->> 'name' as name, state)
     select name from forgotten where state = 'sent'
      union
     select $1 || 'md' from timeline t left join timeline_contents c using (incident_id, seq)
      where t.incident_id = $3 and t.kind = 'export' and coalesce(c.content ->> 'text', '') ^@ 'Postmortem exported'
     having count(*) > (select count(*) from outbox o
                         where o.effect ->> 'kind' = 'file' and o.effect ->> 'name' ^@ $1 and o.state <> 'sent')`,
    [`postmortem-inc-${incident}.`, instead, incident],
  );
  return rows.map(({ name }) => name);
}

/** The same of the canvas; true when one is in Slack, or may be. */
export async function forgetCanvas(tx: Db, incident: number, instead: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update outbox set effect = effect || jsonb_build_object('markdown', $2::text)
      where effect ->> 'kind' = 'canvas' and effect -> 'incident' = to_jsonb($1::bigint)`,
    [incident, instead],
  );
  return (rowCount ?? 0) > 0 || (await placeOf(tx, `canvas:${incident}`)) !== undefined;
}

/** A channel's name is its incident's title as Slack takes it: no word is found in it as it was said. */
export const nameChannelAnew = (tx: Db, incident: number, name: string) =>
  tx.query(
    `update outbox set effect = effect || jsonb_build_object('name', $2::text)
      where effect ->> 'kind' in ('create-channel', 'rename-channel') and effect -> 'incident' = to_jsonb($1::bigint)`,
    [incident, name],
  );
