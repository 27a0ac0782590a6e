-- works-beside: 0.1.0
-- What was changed outside: deploys, migrations, flags. The same one, told twice, is one row.
create table changes (
  id          bigint generated always as identity unique,
  source      text not null,
  external_id text not null,
  kind        text not null,
  title       text not null,
  service     text,
  target      text,
  author      text,
  link        text,
  outcome     text,
  -- What it touches, by the configuration of that day; nothing of both is everything.
  services    text[] not null,
  targets     text[] not null,
  at          timestamptz not null,
  received_at timestamptz not null,
  details     jsonb not null,
  primary key (source, external_id)
);
create index changes_at on changes (at);
