-- works-beside: 0.1.0
-- Errors as applications reported them, counted in slices of ten seconds. Empty: no service, or no table, is known.
create table error_reports (
  target   text not null,
  at       timestamptz not null,
  service  text not null default '',
  sqlstate text not null,
  relation text not null default '',
  count    bigint not null,
  sample   text,
  primary key (target, at, service, sqlstate, relation)
);
create index error_reports_by_time on error_reports (at);

-- Reports that carried an id, so that one that is sent again counts once.
create table error_report_ids (
  target text not null,
  id     text not null,
  at     timestamptz not null,
  primary key (target, id)
);
create index error_report_ids_by_time on error_report_ids (at);
