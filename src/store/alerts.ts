/** Alerts as they were told, and what became of each. */
import type { Alert, AlertGroup, KnownAlert, Outcome } from '../domain/alert.ts';
import { storableJson } from '../domain/storable.ts';
import { type Db, first } from './store.ts';

/** Keeps other deliveries from deciding on the same groups; few locks, however many groups there are. */
export async function lockGroups(tx: Db, groupKeys: readonly string[]): Promise<void> {
  await tx.query(
    `select pg_advisory_xact_lock(${GROUP_LOCKS}, bucket)
       from (select distinct abs(hashtext(key) % 64) as bucket from unnest($1::text[]) as key order by 1) as buckets`,
    [groupKeys],
  );
}

const GROUP_LOCKS = 0x46424147; // "FBAG"

/** Proposals are counted one after the other. */
export async function lockProposing(tx: Db): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(${GROUP_LOCKS}, 64)`);
}

/** Whether the source's own id of a delivery is new. */
export async function isNewDelivery(tx: Db, source: string, key: string, now: Date): Promise<boolean> {
  const { rowCount } = await tx.query(
    'insert into alert_deliveries (source, key, received_at) values ($1, $2, $3) on conflict do nothing',
    [source, key, now],
  );
  return rowCount === 1;
}

/** The newest row of each fingerprint. */
export async function newestAlerts(
  db: Db,
  source: string,
  fingerprints: readonly string[],
): Promise<ReadonlyMap<string, KnownAlert>> {
  const { rows } = await db.query<AlertRow>(
    `select distinct on (a.fingerprint) ${COLUMNS}
       from alerts a left join proposals p on p.id = a.proposal_id
      where a.source = $1 and a.fingerprint = any ($2)
      order by a.fingerprint, a.id desc`,
    [source, fingerprints],
  );
  return new Map(rows.map(toAlert).map((it) => [it.fingerprint, it]));
}

/** Told once more, with nothing new. */
export async function tellAgain(tx: Db, ids: readonly number[], by: string, now: Date): Promise<void> {
  await tx.query(
    `update alerts
        set told = told + (state = 'firing' and last_told_by <> $3)::int, last_told_at = $2, last_told_by = $3
      where id = any ($1)`,
    [ids, now, by],
  );
}

/** What became of it: the outcome, and the proposal that it belongs to. */
export interface Became {
  readonly outcome: Outcome;
  readonly reason: string;
  readonly heldBack: boolean;
  readonly proposal?: number | undefined;
}

/** Remembers an alert that is told for the first time, or anew. */
export async function insertAlert(
  tx: Db,
  alert: Alert,
  groupKey: string,
  became: Became,
  by: string,
  now: Date,
): Promise<number> {
  const { rows } = await tx.query<{ id: number }>(
    `insert into alerts (source, fingerprint, group_key, title, text, severity, service, target, labels, link, state,
                         started_at, resolved_at, first_told_at, last_told_at, last_told_by, outcome, reason, held_back,
                         proposal_id)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14, $15, $16, $17, $18, $19)
     returning id`,
    [
      alert.source,
      alert.fingerprint,
      groupKey,
      alert.title,
      alert.text,
      alert.severity,
      alert.service,
      alert.target,
      storableJson(alert.labels),
      alert.link,
      alert.state,
      alert.startsAt ?? now,
      alert.state === 'resolved' ? (alert.endsAt ?? now) : null,
      now,
      by,
      became.outcome,
      became.reason,
      became.heldBack,
      became.proposal,
    ],
  );
  return (rows[0] as { id: number }).id;
}

/** It turned, or was decided on again: as it is told now. */
export async function updateAlert(tx: Db, it: KnownAlert, became: Became): Promise<void> {
  await tx.query(
    `update alerts
        set state = $2, title = $3, resolved_at = $4, turns = $5, last_told_at = $6, last_told_by = $7, told = $8,
            outcome = $9, reason = $10, held_back = $11, proposal_id = $12, group_key = $13, text = $14,
            severity = $15, service = $16, labels = $17, link = $18
      where id = $1`,
    [
      it.id,
      it.state,
      it.title,
      it.resolvedAt,
      it.turns,
      it.lastToldAt,
      it.lastToldBy,
      it.told,
      became.outcome,
      became.reason,
      became.heldBack,
      became.proposal,
      it.groupKey,
      it.text,
      it.severity,
      it.service,
      storableJson(it.labels),
      it.link,
    ],
  );
}

/** The alerts of a proposal: those that fire first, then the newest. */
export async function alertsOfProposal(db: Db, proposal: number, limit: number): Promise<AlertGroup> {
  const { rows } = await db.query<AlertRow & { readonly firing: number; readonly resolved: number }>(
    `select ${COLUMNS},
            count(*) filter (where a.state = 'firing') over ()::int as firing,
            count(*) filter (where a.state = 'resolved') over ()::int as resolved
       from alerts a left join proposals p on p.id = a.proposal_id
      where a.proposal_id = $1
      order by a.state = 'firing' desc, a.id desc
      limit $2`,
    [proposal, limit],
  );
  return { firing: rows[0]?.firing ?? 0, resolved: rows[0]?.resolved ?? 0, alerts: rows.map(toAlert) };
}

/** The names of our own monitors that are red in a proposal's group. */
export async function redMonitors(db: Db, proposal: number): Promise<readonly string[]> {
  const { rows } = await db.query<{ monitor: string }>(
    `select labels ->> 'monitor' as monitor
       from alerts
      where proposal_id = $1 and source = 'monitor' and state = 'firing'
      order by id`,
    [proposal],
  );
  return rows.map(({ monitor }) => monitor);
}

/** The alerts of an incident, in the order in which they were told; of more than 200 those that fire, then the newest. */
export async function alertsOfIncident(db: Db, incident: number): Promise<readonly KnownAlert[]> {
  const { rows } = await db.query<AlertRow>(
    `select *
       from (select ${COLUMNS}
               from alerts a join proposals p on p.id = a.proposal_id
              where p.incident_id = $1
              order by a.state = 'firing' desc, a.id desc
              limit 200) as latest
      order by id`,
    [incident],
  );
  return rows.map(toAlert);
}

export interface AlertFilter {
  readonly outcome?: Outcome;
  readonly service?: string;
  readonly since: Date;
  /** How many of the newest are passed over. */
  readonly skip?: number;
}

/** Those that were told since then, the newest first; at most 200. */
export async function listAlerts(
  db: Db,
  { outcome, service, since, skip = 0 }: AlertFilter,
): Promise<readonly KnownAlert[]> {
  const { rows } = await db.query<AlertRow>(
    `select ${COLUMNS}
       from alerts a left join proposals p on p.id = a.proposal_id
      where a.last_told_at >= $1
        and ($2::text is null or a.outcome = $2)
        and ($3::text is null or a.service = $3)
      order by a.last_told_at desc, a.id desc
      limit 200 offset $4`,
    [since, outcome, service, skip],
  );
  return rows.map(toAlert);
}

/** Those of others that fire and were held back, the oldest after this one first; at most 500. Monitors ask again by themselves. */
export async function heldBackAlerts(db: Db, after: number): Promise<readonly KnownAlert[]> {
  const { rows } = await db.query<AlertRow>(
    `select ${COLUMNS}
       from alerts a left join proposals p on p.id = a.proposal_id
      where a.held_back and a.state = 'firing' and a.source <> 'monitor' and a.id > $1
      order by a.id
      limit 500`,
    [after],
  );
  return rows.map(toAlert);
}

/** How many are held back because of the hour's limit, over how many groups, and since when. */
export async function countHeldBack(
  db: Db,
): Promise<{ readonly alerts: number; readonly groups: number; readonly since?: Date }> {
  const row = first(
    await db.query<{ alerts: number; groups: number; since: Date | null }>(
      `select count(*)::int as alerts, count(distinct group_key)::int as groups, min(first_told_at) as since
         from alerts
        where held_back and state = 'firing' and outcome = 'dropped'`,
    ),
  );
  return {
    alerts: row?.alerts ?? 0,
    groups: row?.groups ?? 0,
    ...(row?.since ? { since: row.since } : {}),
  };
}

/**
 * What is not heard of any more counts as resolved: its source was switched off. So does what a monitor was held back
 * about once it is green: it tells that of its proposals only. Resolves to what they were before.
 */
export async function settleSilent(
  tx: Db,
  before: Date,
  now: Date,
): Promise<readonly Pick<KnownAlert, 'outcome' | 'heldBack' | 'proposal'>[]> {
  const { rows } = await tx.query<Pick<AlertRow, 'outcome' | 'held_back' | 'proposal_id'>>(
    `with silent as (
       select id, outcome, held_back
         from alerts
        where state = 'firing'
          and (last_told_at < $1 and (source <> 'monitor' or held_back)
               or source = 'monitor' and held_back
                  and exists (select from monitors m where m.name = labels ->> 'monitor' and m.red_since is null))
          for update)
     update alerts a set state = 'resolved', resolved_at = $2, held_back = false
       from silent
      where a.id = silent.id
     returning a.outcome, silent.held_back, a.proposal_id`,
    [before, now],
  );
  return rows.map(({ outcome, held_back: heldBack, proposal_id }) => ({
    outcome,
    heldBack,
    ...(proposal_id === null ? {} : { proposal: proposal_id }),
  }));
}

/** Deletes deliveries and alerts that nobody needs any more; those of proposals that became incidents stay. */
export async function forgetAlerts(db: Db, deliveries: Date, alerts: Date): Promise<void> {
  await db.query('delete from alert_deliveries where received_at < $1', [deliveries]);
  await db.query(
    `delete from alerts a
      where a.last_told_at < $1
        and not exists (select from proposals p where p.id = a.proposal_id and p.incident_id is not null)`,
    [alerts],
  );
}

const COLUMNS = `a.id, a.source, a.fingerprint, a.group_key, a.title, a.text, a.severity, a.service, a.target, a.labels,
  a.link, a.state, a.started_at, a.resolved_at, a.first_told_at, a.last_told_at, a.last_told_by, a.told, a.turns,
  a.outcome, a.reason, a.held_back, a.proposal_id, p.incident_id`;

interface AlertRow {
  readonly id: number;
  readonly source: string;
  readonly fingerprint: string;
  readonly group_key: string;
  readonly title: string;
  readonly text: string | null;
  readonly severity: string | null;
  readonly service: string | null;
  readonly target: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly link: string | null;
  readonly state: 'firing' | 'resolved';
  readonly started_at: Date;
  readonly resolved_at: Date | null;
  readonly first_told_at: Date;
  readonly last_told_at: Date;
  readonly last_told_by: string;
  readonly told: number;
  readonly turns: readonly Date[];
  readonly outcome: Outcome;
  readonly reason: string;
  readonly held_back: boolean;
  readonly proposal_id: number | null;
  readonly incident_id: number | null;
}

const toAlert = (row: AlertRow): KnownAlert => ({
  id: row.id,
  source: row.source,
  fingerprint: row.fingerprint,
  groupKey: row.group_key,
  title: row.title,
  labels: row.labels,
  state: row.state,
  startedAt: row.started_at,
  firstToldAt: row.first_told_at,
  lastToldAt: row.last_told_at,
  lastToldBy: row.last_told_by,
  told: row.told,
  turns: row.turns,
  outcome: row.outcome,
  reason: row.reason,
  heldBack: row.held_back,
  ...(row.text === null ? {} : { text: row.text }),
  ...(row.severity === null ? {} : { severity: row.severity }),
  ...(row.service === null ? {} : { service: row.service }),
  ...(row.target === null ? {} : { target: row.target }),
  ...(row.link === null ? {} : { link: row.link }),
  ...(row.resolved_at === null ? {} : { resolvedAt: row.resolved_at }),
  ...(row.proposal_id === null ? {} : { proposal: row.proposal_id }),
  ...(row.incident_id === null ? {} : { incident: row.incident_id }),
});
