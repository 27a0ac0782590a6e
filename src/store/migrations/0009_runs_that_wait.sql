-- works-beside: 0.1.0
-- Steps that wait, are tried again, or depend on what became of an earlier one; runs that somebody cancels.
alter table run_steps
  add column policy     jsonb,
  add column conditions jsonb,
  add column waits_for  text,
  add column memo       jsonb,
  add column retries    integer not null default 0;

alter table runs
  add column cancelled_by text,
  add column reopened_by  text[] not null default '{}';

-- Why somebody let it pass without a second person.
alter table approvals
  add column reason  text,
  add column attempt integer not null default 0;
alter table approvals
  drop constraint approvals_pkey,
  add primary key (run_id, step, plan_hash, attempt);

-- Each execution of a dangerous step, for the breaker: its row begins anew when it is tried again.
create table executions (
  run_id bigint not null,
  step   integer not null,
  at     timestamptz not null,
  foreign key (run_id, step) references run_steps
);
create index executions_at on executions (at);
