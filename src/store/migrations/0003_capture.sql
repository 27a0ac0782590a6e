-- works-beside: 0.1.0
-- What people say in the channels of incidents, kept as it arrives, and how it gets onto the timeline.

-- Slack's timestamps are of one width: as bytes they sort as times.
create table messages (
  channel_id  text not null,
  ts          text collate "C" not null,
  incident_id bigint not null references incidents,
  thread_ts   text collate "C",
  -- Unknown while only the deletion was heard.
  author      text,
  author_name text,
  permalink   text,
  posted_at   timestamptz not null,
  deleted_at  timestamptz,
  erased_at   timestamptz,
  -- Its entry in the timeline, by seq.
  entry       integer,
  primary key (channel_id, ts)
);
create index messages_passing on messages (posted_at) where entry is null;
create index messages_of_incident on messages (incident_id, ts);

-- All that a message said; '' is as it was first said. Of two edits in one second, the later event holds.
create table message_revisions (
  channel_id text not null,
  ts         text collate "C" not null,
  edited_ts  text collate "C" not null,
  edited_by  text not null,
  text       text not null,
  files      jsonb not null,
  event_ts   text collate "C" not null,
  primary key (channel_id, ts, edited_ts),
  foreign key (channel_id, ts) references messages on delete cascade
);

-- May come before their message. The last by event_ts holds; what was ever on is on the timeline.
create table marks (
  channel_id  text not null,
  ts          text collate "C" not null,
  kind        text not null check (kind in ('reaction', 'pin', 'asked')),
  name        text not null,
  user_id     text not null,
  incident_id bigint not null references incidents,
  is_on       boolean not null,
  event_ts    text collate "C" not null,
  changed_by  text not null,
  first_on    text collate "C",
  -- Unknown while Slack does not say who the person is.
  counts      boolean,
  -- There is nothing to capture: the bot's own message, or one that is gone.
  void        boolean not null default false,
  primary key (channel_id, ts, kind, name, user_id)
);

-- Files of captured messages: a digest of each, and the bytes of images.
create table stored_files (
  channel_id text not null,
  ts         text collate "C" not null,
  file_id    text not null,
  name       text not null,
  type       text not null,
  size       bigint not null,
  sha256     text,
  bytes      bytea,
  problem    text,
  attempts   integer not null default 0,
  not_before timestamptz,
  read_at    timestamptz,
  primary key (channel_id, ts, file_id),
  foreign key (channel_id, ts) references messages on delete cascade
);
create index stored_files_open on stored_files (not_before) where read_at is null;

-- When any instance last was connected to Slack.
create table presence (
  only_row boolean primary key default true check (only_row),
  heard_at timestamptz not null
);

create table gaps (
  id          bigint generated always as identity primary key,
  heard_until timestamptz not null,
  heard_again timestamptz not null
);

-- What is read afterwards, incident by incident.
create table catch_ups (
  gap_id      bigint not null references gaps,
  incident_id bigint not null references incidents,
  found       integer not null default 0,
  not_before  timestamptz,
  done_at     timestamptz,
  primary key (gap_id, incident_id)
);
create index catch_ups_open on catch_ups (gap_id) where done_at is null;
