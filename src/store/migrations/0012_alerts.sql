-- works-beside: 0.1.0
-- What monitors and other systems told, what was done with it, and why. One row while it lasts, also when it flaps.
create table alerts (
  id            bigint generated always as identity primary key,
  source        text not null,
  fingerprint   text not null,
  group_key     text not null,
  title         text not null,
  text          text,
  severity      text,
  service       text,
  target        text,
  labels        jsonb not null,
  link          text,
  state         text not null check (state in ('firing', 'resolved')),
  started_at    timestamptz not null,
  resolved_at   timestamptz,
  first_told_at timestamptz not null,
  last_told_at  timestamptz not null,
  -- The delivery that told last: told again by the same one, it counts once.
  last_told_by  text not null,
  told          integer not null default 1,
  -- When it last turned, the newest first: many within a short time is flapping.
  turns         timestamptz[] not null default '{}',
  outcome       text not null check (outcome in ('proposed', 'attached', 'declared', 'silenced', 'dropped')),
  reason        text not null,
  -- Decided again by itself, once that is possible.
  held_back     boolean not null default false,
  proposal_id   bigint references proposals
);
create index alerts_newest on alerts (source, fingerprint, id);
create index alerts_of_proposal on alerts (proposal_id);
create index alerts_told on alerts (last_told_at);
create index alerts_waiting on alerts (id) where held_back and state = 'firing';

-- Deliveries that have an id of their source's.
create table alert_deliveries (
  source      text not null,
  key         text not null,
  received_at timestamptz not null,
  primary key (source, key)
);

create table silences (
  id         bigint generated always as identity primary key,
  match      jsonb not null,
  until      timestamptz not null,
  reason     text not null,
  created_by text not null,
  created_at timestamptz not null,
  lifted_by  text,
  lifted_at  timestamptz
);

-- A proposal is a group of alerts; one that other systems told may be about no target of ours.
alter table proposals alter column target drop not null;
alter table proposals add column group_key text;
alter table proposals add column next text;
alter table proposals add column is_foreign boolean not null default false;
alter table proposals drop constraint proposals_monitor_first_failed_at_key;
create unique index proposals_once on proposals (monitor, first_failed_at, coalesce(group_key, ''));
create index proposals_of_group on proposals (group_key, id);
