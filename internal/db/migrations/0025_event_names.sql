-- The events of one name, newest first: the search of all events would read past every other one.
create index log_events_by_name on log_events (brand_id, name, shown_at, position);
