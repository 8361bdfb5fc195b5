-- Where events go. callback_url is kept byte for byte; secret and old_secret are sealed; old_secret is empty when no
-- rotation runs. revision rises with each change. The cursor of an enabled one is the follower "webhook/<id>".
create table webhook_subscriptions (
	id integer primary key,
	brand_id integer not null,
	oauth_app_id text not null,
	owner_id integer not null,
	version text not null,
	callback_url text not null,
	enabled boolean not null,
	verify_token text not null,
	secret {{blob}} not null,
	old_secret {{blob}} not null,
	old_secret_until bigint not null,
	created_at bigint not null,
	revision bigint not null
);

create index webhook_subscriptions_by_app on webhook_subscriptions (brand_id, oauth_app_id, id);

-- The event names of a subscription, each from the events after a position on.
create table webhook_event_names (
	subscription_id integer not null,
	name text not null,
	brand_id integer not null,
	from_position bigint not null,
	primary key (subscription_id, name)
);

-- One row that moves whenever any subscription changes: what nodes ask to hear of changes made by others.
create table webhook_revision (
	id integer primary key,
	revision bigint not null
);

insert into webhook_revision (id, revision) values (1, 1);

-- Events that the cursor has passed although they are not settled: due for another attempt, held behind an earlier one
-- of their subject, or flying (in flight for long). None while a subscription is healthy. Times are real time.
create table webhook_pending (
	subscription_id integer not null,
	position bigint not null,
	brand_id integer not null,
	subject text not null,
	state text not null,
	attempts integer not null,
	due_at bigint not null,
	first_failed_at bigint not null,
	primary key (subscription_id, position)
);

-- Positions that were given up after the retry window.
create table webhook_expired (
	subscription_id integer not null,
	from_position bigint not null,
	to_position bigint not null,
	brand_id integer not null,
	expired_at bigint not null,
	primary key (subscription_id, from_position)
);

-- The attempt log. The request's body is the event's, in the subscription's version at that time. status is 0 when there
-- was no answer, and error then says why.
create table webhook_attempts (
	subscription_id integer not null,
	triggered_at bigint not null,
	position bigint not null,
	attempt integer not null,
	brand_id integer not null,
	event_id text not null,
	event_name text not null,
	event_created_at bigint not null,
	version text not null,
	owner_id integer not null,
	callback_url text not null,
	request_headers text not null,
	status integer not null,
	response_headers text not null,
	response_body {{blob}} not null,
	duration_us bigint not null,
	error text not null,
	primary key (subscription_id, triggered_at, position, attempt)
);
