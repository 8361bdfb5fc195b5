-- Events of the past that are sent to a subscription again. selection is a JSON document: which ones. Every selected event
-- up to settled is done with. state is running, done, failed (reason says why) or cancelled. Times are real time.
create table webhook_replays (
	id integer primary key,
	brand_id integer not null,
	subscription_id integer not null,
	target_id integer not null,
	owner_id integer not null,
	selection text not null,
	state text not null,
	reason text not null,
	settled bigint not null,
	delivered bigint not null,
	failed bigint not null,
	missing bigint not null,
	created_at bigint not null,
	ended_at bigint not null
);

create index webhook_replays_by_subscription on webhook_replays (subscription_id, id);
create index webhook_replays_by_state on webhook_replays (state, target_id);
