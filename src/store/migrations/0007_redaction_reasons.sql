-- works-beside: 0.1.0
-- A reason of an erasure may itself be what has to go: it can be replaced, by one text alone, and nothing else with it.
-- And what was erased since is looked up by every export before it is posted.

create or replace function only_erase() returns trigger language plpgsql as $$
begin
  if old.erased_at is not null and new.erased_reason = '[redacted]'
     and (to_jsonb(new) - 'erased_reason') = (to_jsonb(old) - 'erased_reason') then
    return new;
  end if;
  if old.erased_at is not null or new.erased_at is null
     or (new.incident_id, new.seq) is distinct from (old.incident_id, old.seq) then
    raise exception 'timeline contents can be erased, not changed' using errcode = '55000';
  end if;
  return new;
end $$;

create index timeline_redactions on timeline (incident_id, seq) where kind = 'redaction';
