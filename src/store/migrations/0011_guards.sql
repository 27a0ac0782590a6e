-- works-beside: 0.1.0
-- How far the journal of each guarded deploy was picked up from its target.
create table guards (
  target      text not null,
  guard       text not null,
  events      integer not null,
  incident_id bigint references incidents,
  proposed    boolean not null default false,
  primary key (target, guard)
);

-- What a guard undid by itself, no run of ours did.
alter table holds alter column run_id drop not null;
