/** What was changed outside: deploys, migrations, flags, each once, and which of it touches an incident. */
import { digestOf } from '../domain/chain.ts';
import { type Change, type ReportedChange, windowOf } from '../domain/change.ts';
import type { Incident } from '../domain/incident.ts';
import { storable, storableJson } from '../domain/storable.ts';
import { type Db, first } from './store.ts';

/** What a change may have to do with; nothing of both is everything. */
export interface Touched {
  readonly services: readonly string[];
  readonly targets: readonly string[];
}

interface ChangeRow {
  readonly id: number;
  readonly source: string;
  readonly kind: Change['kind'];
  readonly title: string;
  readonly service: string | null;
  readonly target: string | null;
  readonly author: string | null;
  readonly link: string | null;
  readonly outcome: NonNullable<Change['outcome']> | null;
  readonly at: Date;
  readonly received_at: Date;
  readonly details: Change['details'];
}

const COLUMNS =
  'c.id, c.source, c.kind, c.title, c.service, c.target, c.author, c.link, c.outcome, c.at, c.received_at, c.details';

/** Undefined: it was known, and nothing of it is new. Of a known one only its outcome is written: the rest may be redacted. */
export async function saveChange(
  tx: Db,
  change: ReportedChange,
  { services, targets }: Touched,
  now: Date,
): Promise<{ readonly change: Change; readonly fresh: boolean } | undefined> {
  const row = first(
    await tx.query<ChangeRow & { readonly fresh: boolean }>(
      `insert into changes as c (source, external_id, kind, title, service, target, author, link, outcome, services,
                                 targets, at, received_at, details)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
       on conflict (source, external_id) do update
          set outcome = excluded.outcome
        where excluded.outcome is distinct from c.outcome and excluded.outcome is not null
       returning ${COLUMNS}, c.xmax = 0 as fresh`,
      [
        change.source,
        // Nobody's words, so that a redaction leaves none here.
        digestOf(change.externalId),
        change.kind,
        storable(change.title),
        change.service,
        change.target,
        change.author && storable(change.author),
        change.link && storable(change.link),
        change.outcome,
        services,
        targets,
        change.at,
        now,
        storableJson(change.details ?? {}),
      ],
    ),
  );
  return row && { change: toChange(row), fresh: row.fresh };
}

/** Those that touch the incident and lie in its window, or until then, newest first, at most 100. */
export async function changesOf(
  db: Db,
  incident: Incident,
  until: Date = windowOf(incident).until,
): Promise<readonly Change[]> {
  const { from } = windowOf(incident);
  const { rows } = await db.query<ChangeRow>(
    `select ${COLUMNS}
       from changes c
      where c.at between $2 and $3
        and ((c.services = '{}' and c.targets = '{}')
             or $4 = any (c.services)
             or exists (select from proposals p where p.incident_id = $1 and p.target = any (c.targets))
             or exists (select from runs r where r.incident_id = $1 and r.target = any (c.targets)))
      order by c.at desc, c.id desc
      limit 100`,
    [incident.id, from, until, incident.service],
  );
  return rows.map(toChange);
}

export interface ChangeFilter {
  readonly since: Date;
  /** That touch this service, or everything. */
  readonly service?: string;
}

/** Newest first, at most `limit`. */
export async function listChanges(
  db: Db,
  { since, service }: ChangeFilter,
  limit: number,
): Promise<readonly Change[]> {
  const { rows } = await db.query<ChangeRow>(
    `select ${COLUMNS}
       from changes c
      where c.at >= $1 and ($2::text is null or $2 = any (c.services) or (c.services = '{}' and c.targets = '{}'))
      order by c.at desc, c.id desc
      limit $3`,
    [since, service, limit],
  );
  return rows.map(toChange);
}

/** By when they came in: one that is told late is kept as long as any other. */
export async function forgetChanges(db: Db, before: Date): Promise<void> {
  await db.query('delete from changes where received_at < $1', [before]);
}

const toChange = (row: ChangeRow): Change => ({
  id: row.id,
  source: row.source,
  kind: row.kind,
  title: row.title,
  ...(row.service === null ? {} : { service: row.service }),
  ...(row.target === null ? {} : { target: row.target }),
  ...(row.author === null ? {} : { author: row.author }),
  ...(row.link === null ? {} : { link: row.link }),
  ...(row.outcome === null ? {} : { outcome: row.outcome }),
  at: row.at,
  receivedAt: row.received_at,
  details: row.details,
});
