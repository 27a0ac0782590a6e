-- works-beside: 0.1.0
-- Running an incident: its kind and visibility, what people say of it, escalations with levels, reminders.

alter table incidents
  add column kind          text not null default 'incident' check (kind in ('incident', 'drill', 'retrospective')),
  add column private       boolean not null default false,
  add column status_since  timestamptz,
  add column service       text,
  add column archived      boolean not null default false,
  add column duplicate_of  bigint references incidents,
  add column accounts      jsonb not null default '{}',
  add column last_update   jsonb,
  add column postmortem_at timestamptz,
  add column reminders     jsonb not null default '{"snoozed": {}, "dismissed": []}',
  -- When to look whether something is to be reminded of.
  add column remind_at     timestamptz;
-- Looked at once: whether something is due, the core says.
update incidents i
   set status_since = coalesce((select max(t.at) from timeline t where t.incident_id = i.id and t.kind = 'status'),
                               declared_at),
       remind_at = case when status not in ('resolved', 'cancelled') then declared_at end;
alter table incidents alter column status_since set not null;
-- What was exported before is not asked for.
update incidents
   set postmortem_at = (select max(t.at) from timeline t where t.incident_id = incidents.id and t.kind = 'export');
create index incidents_remind on incidents (remind_at) where remind_at is not null;

create table escalations (
  incident_id  bigint not null references incidents,
  number       integer not null,
  team         text not null,
  reason       text,
  requested_by text not null,
  at           timestamptz not null,
  level        integer not null,
  level_at     timestamptz not null,
  wait_seconds double precision not null,
  ways         jsonb not null,
  state        text not null check (state in ('paging', 'acknowledged', 'exhausted', 'stopped')),
  primary key (incident_id, number)
);

-- Each page from before was an escalation of its own, with one level.
insert into escalations (incident_id, number, team, reason, requested_by, at, level, level_at, wait_seconds, ways, state)
  select incident_id, number, team, reason, requested_by, at, 1, at, 300, '[]',
         case when answer = 'acknowledged' then 'acknowledged'
              when told then 'exhausted'
              when (select status in ('resolved', 'cancelled') from incidents where id = incident_id) then 'stopped'
              else 'paging' end
    from pages;
alter table pages
  add column escalation integer,
  add column level      integer not null default 1,
  add column unsent     text,
  drop column told;
update pages set escalation = number;
alter table pages
  alter column escalation set not null,
  add foreign key (incident_id, escalation) references escalations;
update timers
   set kind = 'escalation-due',
       payload = jsonb_build_object('incident', payload -> 'incident', 'escalation', payload -> 'page', 'level', 1)
 where kind = 'page-unanswered';
