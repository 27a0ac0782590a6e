-- works-beside: 0.1.0
-- The first schema: incidents and their timeline, what comes in and goes out, runs and their approvals.

create table people (
  user_id text primary key,
  name    text not null,
  seen_at timestamptz not null
);

create table incidents (
  id          bigint generated always as identity primary key,
  title       text not null,
  severity    text not null,
  status      text not null,
  declared_by text not null,
  declared_at timestamptz not null,
  channel_id  text unique,
  roles       jsonb not null default '{}',
  milestones  jsonb not null default '{}'
);

create table action_items (
  incident_id bigint not null references incidents,
  number      integer not null,
  text        text not null,
  owner       text,
  due         text,
  done        boolean not null default false,
  created_by  text not null,
  primary key (incident_id, number)
);

create table pages (
  incident_id  bigint not null references incidents,
  number       integer not null,
  team         text not null,
  user_id      text not null,
  reason       text,
  requested_by text not null,
  at           timestamptz not null,
  answer       text check (answer in ('acknowledged', 'declined')),
  answered_by  text,
  answered_at  timestamptz,
  told         boolean not null default false,
  primary key (incident_id, number)
);

-- Append-only. The chain covers a salted digest of the content, so that the content can be erased alone.
create table timeline (
  incident_id    bigint not null references incidents,
  seq            integer not null,
  at             timestamptz not null,
  recorded_at    timestamptz not null,
  kind           text not null,
  actor          text not null,
  content_digest text not null,
  hash           text not null,
  primary key (incident_id, seq)
);

create table timeline_contents (
  incident_id   bigint not null,
  seq           integer not null,
  salt          text,
  content       jsonb,
  erased_at     timestamptz,
  erased_by     text,
  erased_reason text,
  primary key (incident_id, seq),
  foreign key (incident_id, seq) references timeline,
  check ((content is null) = (erased_at is not null)),
  check ((salt is null) = (erased_at is not null)),
  check (erased_at is null or (erased_by is not null and erased_reason is not null))
);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% of % is refused: the timeline is append-only', tg_op, tg_table_name using errcode = '55000';
end $$;

create function only_erase() returns trigger language plpgsql as $$
begin
  if old.erased_at is not null or new.erased_at is null
     or (new.incident_id, new.seq) is distinct from (old.incident_id, old.seq) then
    raise exception 'timeline contents can be erased, not changed' using errcode = '55000';
  end if;
  return new;
end $$;

create trigger timeline_append_only before update or delete on timeline
  for each row execute function refuse_change();
create trigger timeline_no_truncate before truncate on timeline
  for each statement execute function refuse_change();
create trigger contents_only_erase before update on timeline_contents
  for each row execute function only_erase();
create trigger contents_no_delete before delete on timeline_contents
  for each row execute function refuse_change();
create trigger contents_no_truncate before truncate on timeline_contents
  for each statement execute function refuse_change();

create table inbox (
  key         text primary key,
  kind        text not null,
  payload     jsonb not null,
  received_at timestamptz not null,
  state       text not null default 'received' check (state in ('received', 'done', 'refused', 'expired')),
  settled_at  timestamptz
);
create index inbox_open on inbox (received_at) where state = 'received';

create table outbox (
  id         bigint generated always as identity primary key,
  lane       text not null,
  effect_id  uuid not null unique default gen_random_uuid(),
  effect     jsonb not null,
  state      text not null default 'pending' check (state in ('pending', 'sent', 'refused')),
  attempts   integer not null default 0,
  error      text,
  created_at timestamptz not null,
  tried_at   timestamptz,
  settled_at timestamptz
);
create index outbox_pending on outbox (lane, id) where state = 'pending';

-- When Slack says 429, the whole lane waits.
create table lanes (
  lane       text primary key,
  not_before timestamptz not null
);

-- A lease is a session advisory lock; its epoch refuses the outcomes of whoever held it before.
create table leases (
  kind  text not null,
  key   text not null,
  epoch bigint not null,
  primary key (kind, key)
);

-- Messages that are kept current: card, announcement, run, page, proposal.
create table live_messages (
  slot       text primary key,
  channel_id text not null,
  ts         text not null
);

-- A timer happens once, by its key. Timers of one lane never overlap. One that failed stays due, from not_before on.
create table timers (
  key        text primary key,
  kind       text not null,
  lane       text not null,
  payload    jsonb not null,
  due_at     timestamptz not null,
  attempts   integer not null default 0,
  not_before timestamptz,
  error      text,
  done_at    timestamptz
);
create index timers_due on timers (due_at) where done_at is null;
create index timers_of_lane on timers (lane, due_at) where done_at is null;

-- What a monitor remembers from one look to the next; the revision refuses what a late look still writes.
create table monitors (
  name       text primary key,
  target     text not null,
  revision   integer not null,
  checked_at timestamptz not null,
  red_since  timestamptz,
  failures   integer not null,
  proposal   bigint,
  green_at   timestamptz
);

create table proposals (
  id              bigint generated always as identity primary key,
  monitor         text not null,
  target          text not null,
  service         text,
  sqlstate        text,
  error           text not null,
  relations       jsonb not null,
  migration       jsonb,
  first_failed_at timestamptz not null,
  detected_at     timestamptz not null,
  incident_id     bigint references incidents,
  unique (monitor, first_failed_at)
);

create table captured_migrations (
  target      text not null,
  name        text not null,
  file_hash   text not null,
  migration   jsonb not null,
  captured_at timestamptz not null,
  primary key (target, name, file_hash)
);

create table runs (
  id           bigint generated always as identity primary key,
  incident_id  bigint not null references incidents,
  runbook      text not null,
  title        text not null,
  target       text not null,
  params       jsonb not null,
  requested_by text not null,
  requested_at timestamptz not null,
  dangerous    boolean not null,
  state        text not null,
  due_at       timestamptz,
  ended_at     timestamptz,
  check ((due_at is null) = (ended_at is not null))
);
-- One active run a target that may change something; readers do not count.
create unique index runs_active on runs (target) where ended_at is null and dangerous;
create index runs_due on runs (due_at) where due_at is not null;
create index runs_of_incident on runs (incident_id);

create table run_steps (
  run_id     bigint not null references runs,
  index      integer not null,
  name       text not null,
  kind       text not null,
  risk       text not null,
  input      jsonb not null,
  state      text not null default 'pending',
  epoch      bigint,
  started_at timestamptz,
  ended_at   timestamptz,
  verdict    text,
  plan       jsonb,
  trace      jsonb,
  outcome    jsonb,
  output     jsonb,
  primary key (run_id, index)
);

create table approvals (
  run_id       bigint not null,
  step         integer not null,
  plan_hash    text not null,
  identity     jsonb not null,
  requested_by text not null,
  requested_at timestamptz not null,
  expires_at   timestamptz not null,
  decision     text check (decision in ('approved', 'refused', 'expired', 'void')),
  decided_by   text,
  decided_at   timestamptz,
  primary key (run_id, step, plan_hash),
  foreign key (run_id, step) references run_steps
);

create table holds (
  target      text not null,
  migration   text not null,
  incident_id bigint not null references incidents,
  run_id      bigint not null references runs,
  since       timestamptz not null,
  primary key (target, migration)
);
