-- works-beside: 0.1.0
-- What goes into the report: entries that are left out of it, and what people write into its sections.

alter table incidents add column left_out integer[] not null default '{}';

create table report_parts (
  incident_id bigint not null references incidents,
  section     text not null,
  text        text not null,
  by_user     text not null,
  at          timestamptz not null,
  primary key (incident_id, section)
);

-- Of an entry whose words were erased: what is no words, such as which entry it corrected. Like all of it, written once.
alter table timeline_contents add column kept jsonb;
