-- works-beside: 0.1.0
-- A held migration that is applied again: people are told once, until it is gone again.
alter table holds add column returned_at timestamptz;
