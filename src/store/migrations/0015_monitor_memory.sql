-- works-beside: 0.1.0
-- What the next look of a monitor needs of the last one; a red period that may be over; how much its proposal told.
alter table monitors
  add column memory jsonb,
  add column greens integer not null default 0,
  add column green_since timestamptz,
  add column told integer;
