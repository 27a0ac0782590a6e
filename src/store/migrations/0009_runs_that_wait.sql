-- works-beside: 0.1.0
-- Steps that wait, are tried again, or depend on what became of an earlier one; runs that somebody cancels.
alter table run_steps
  add column policy     jsonb,
  add column conditions jsonb,
  add column waits_for  text,
  add column memo       jsonb,
  add column answer     jsonb,
  add column retries    integer not null default 0;

alter table runs add column cancelled_by text;

-- Why somebody let it pass without a second person.
alter table approvals add column reason text;
