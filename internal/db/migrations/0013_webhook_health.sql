-- How the delivery of a subscription goes, for nodes other than the one that delivers and for the next one that does.
-- state is streaming or probing; whether it is paused or disabled its own row says. Times are real time, 0 = never.
-- failing_since is the first failure since the last 2xx, told_failing when the owner was told of it, mailed_failing when
-- that was last mailed. untold_from to untold_to were given up since the owner was told so, at told_expired.
-- disabled_since and disabled_reason (empty when a person did it) are of the last time it was disabled; what was not
-- delivered then is replay_from to replay_to (0 while it is disabled).
create table webhook_health (
	subscription_id integer primary key,
	brand_id integer not null,
	state text not null default 'streaming',
	since bigint not null default 0,
	last_attempt_at bigint not null default 0,
	last_status integer not null default 0,
	last_error text not null default '',
	last_success_at bigint not null default 0,
	failing_since bigint not null default 0,
	told_failing bigint not null default 0,
	mailed_failing bigint not null default 0,
	untold_from bigint not null default 0,
	untold_to bigint not null default 0,
	told_expired bigint not null default 0,
	disabled_since bigint not null default 0,
	disabled_reason text not null default '',
	replay_from bigint not null default 0,
	replay_to bigint not null default 0
);
