-- Ids that appear on the wire: taken in blocks, see NextID.
create table id_sequences (
	name text primary key,
	last_id integer not null
);

-- The log: one head per brand, one row per event. body is the event's JSON object without its Position.
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
	created_at bigint not null,
	redacted boolean not null,
	body text not null,
	primary key (brand_id, position)
);

create unique index log_events_by_id on log_events (event_id);
create index log_events_by_subject on log_events (brand_id, subject, position);

-- Durable followers: (name, brand) has a cursor; on PostgreSQL a node owns it while its heartbeat moves.
create table log_nodes (
	node_id text primary key,
	beat bigint not null
);

create table log_followers (
	name text not null,
	brand_id integer not null,
	cursor_position bigint not null,
	owner text not null,
	epoch bigint not null,
	primary key (name, brand_id)
);
