-- works-beside: 0.1.0
-- Of an entry whose words were erased: what is no words, such as which entry it corrected. Like all of it, written once.

alter table timeline_contents add column kept jsonb;
