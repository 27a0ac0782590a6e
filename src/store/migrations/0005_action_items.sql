-- works-beside: 0.1.0
-- Action items: when somebody was reminded of them, and the issue of a tracker that each became.

alter table action_items
  add column quiet_until text,
  add column reminder    jsonb,
  add column issue       jsonb;

-- Deadlines from before are looked at once; what was missed is said then.
update incidents i
   set remind_at = i.status_since
 where exists (select from action_items a where a.incident_id = i.id and not a.done and a.due is not null);
