-- works-beside: 0.1.0
-- A mark whose message cannot be read just now waits, and keeps no other one waiting.

alter table marks
  add column attempts   integer not null default 0,
  add column not_before timestamptz;
