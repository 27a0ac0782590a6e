-- works-beside: 0.1.0
-- The report: which entries are left out of it, and what people wrote into it, part by part.

alter table incidents add column left_out jsonb not null default '[]';

create table report_parts (
  incident_id bigint not null references incidents,
  section     text not null,
  text        text not null,
  by_user     text not null,
  at          timestamptz not null,
  primary key (incident_id, section)
);
