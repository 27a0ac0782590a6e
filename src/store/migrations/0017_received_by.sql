-- works-beside: 0.1.0
-- Whose data folder tells what of it was refused. Null: received before this was written down.
alter table inbox add column received_by text;
