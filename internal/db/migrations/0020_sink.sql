-- Destinations outside that the log is copied to: when each was first started, and what it could not be given.
create table sinks (
	name text primary key,
	started_at bigint not null
);

create table sink_lost (
	sink text not null,
	brand_id integer not null,
	from_position bigint not null,
	to_position bigint not null,
	reason text not null,
	lost_at bigint not null,
	primary key (sink, brand_id, from_position)
);
