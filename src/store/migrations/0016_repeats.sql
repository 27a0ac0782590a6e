-- works-beside: 0.1.0
-- What was sent to Slack again because an answer was lost: the lost request may still be carried out.

create table repeats (
  effect_id   uuid primary key,
  channel_id  text not null,
  -- What is rendered from the state of the incident, and can be brought up to date again.
  effect      jsonb,
  -- Of a file: those that it had, attempt by attempt.
  file_ids    text[] not null default '{}',
  -- When the effect was written: nothing of it was posted earlier.
  since       timestamptz not null,
  repeated_at timestamptz not null,
  looks       integer not null default 0,
  look_at     timestamptz not null
);
create index repeats_due on repeats (look_at);
