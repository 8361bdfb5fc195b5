-- Ids that appear on the wire: taken in blocks, see NextID.
create table id_sequences (
	name text primary key,
	last_id integer not null
);

-- The log: one head per brand, one row per event. body is the event's JSON object without its
-- Position; shown_at is its CreateTime (the brand's clock), created_at the real time that retries and retention count from.
create table log_heads (
	brand_id integer primary key,
	position bigint not null
);

create table log_events (
	brand_id integer not null,
	position bigint not null,
	event_id text not null,
	name text not null,
	subject text not null,
	store_id integer not null,
	shown_at bigint not null,
	created_at bigint not null,
	redacted boolean not null,
	body text not null,
	primary key (brand_id, position)
);

create unique index log_events_by_id on log_events (event_id);
create index log_events_by_subject on log_events (brand_id, subject, position);

-- A node that holds leases moves its beat; on SQLite the process lock stands for it. owner is a node_id, '' = free.
create table log_nodes (
	node_id text primary key,
	beat bigint not null
);

create table log_leases (
	name text primary key,
	owner text not null,
	epoch bigint not null
);

-- Durable followers: how far (name, brand) has come. epoch rises each time the cursor is placed anew.
create table log_followers (
	name text not null,
	brand_id integer not null,
	cursor_position bigint not null,
	epoch bigint not null,
	primary key (name, brand_id)
);
