-- What an event concerns, for the search of events: signs with blanks around each, such as ' c12 u7 ' (event/refs.go).
-- The index holds all that a search asks for, so that it reads no bodies but those of the page it answers.
alter table log_events add column refs text not null default '';
create index log_events_for_search on log_events (brand_id, shown_at, position, name, store_id, refs);
