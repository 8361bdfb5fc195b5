-- Named consumers that pull events and acknowledge them. owner is the OAuth app and the account that pull, filter a JSON
-- document, secret signs the ids by which messages are acknowledged. Every event up to cursor_position is settled or has
-- a row in event_consumer_messages; lost counts the events that were deleted before the consumer came to them.
create table event_consumers (
	id integer primary key,
	brand_id integer not null,
	owner text not null,
	name text not null,
	filter text not null,
	secret text not null,
	cursor_position bigint not null,
	lost bigint not null,
	created_at bigint not null,
	used_at bigint not null
);

create unique index event_consumers_by_name on event_consumers (brand_id, owner, name);

-- attempt 0 waits for an earlier event of its subject; else the event is out until due_at, and then comes again.
create table event_consumer_messages (
	consumer_id integer not null,
	position bigint not null,
	subject text not null,
	attempt integer not null,
	due_at bigint not null,
	primary key (consumer_id, position)
);
