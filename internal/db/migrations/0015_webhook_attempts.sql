-- The attempt log in blocks: what one subscription was sent in a short time is one row. body holds the attempts, encoded
-- and compressed, without the bodies that were sent, which are the events'. bytes is about what the row takes on disk.
-- The salt tells blocks apart that end at the same microsecond.
create table webhook_attempt_blocks (
	subscription_id integer not null,
	last_at bigint not null,
	salt bigint not null,
	brand_id integer not null,
	kind text not null,
	first_at bigint not null,
	low_position bigint not null,
	high_position bigint not null,
	attempts integer not null,
	failed integer not null,
	bytes bigint not null,
	body {{blob}} not null,
	primary key (subscription_id, last_at, salt)
);

create index webhook_attempt_blocks_by_age on webhook_attempt_blocks (last_at, subscription_id, salt, bytes);

-- A row for each attempt, as the log was before. What stood there was a help for people only, and is gone.
drop table webhook_attempts;
