-- The API request that caused an event, by its X-Request-Id; empty where none did. Without an index, which would cost
-- every event: the events of a request are looked for in its time.
alter table log_events add column request_id text not null default '';
