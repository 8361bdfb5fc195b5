-- What an OAuth app has beyond the contract's fields, as a JSON document: how it authenticates, its public keys, where
-- people may land after signing out.
alter table oauth_apps add column settings text not null default '{}';

-- What a person allowed an OAuth app, for one brand (0: only to know who they are). scopes are names with a blank between,
-- sorted; stores is a JSON array, empty text = all stores. One row per app, person and brand; it counts until it is deleted.
create table oauth_grants (
	id integer primary key,
	oauth_app_id text not null,
	account_id integer not null,
	brand_id integer not null,
	scopes text not null,
	stores text not null,
	created_at bigint not null,
	granted_at bigint not null
);

create unique index oauth_grants_once on oauth_grants (oauth_app_id, account_id, brand_id);
create index oauth_grants_by_account on oauth_grants (account_id);
create index oauth_grants_by_brand on oauth_grants (brand_id);

-- One answer to an authorization request or one paired device: what every code and token that came of it shares. Once
-- revoked is true none of them works, whenever it was stored. claims is the request's JSON of the same name.
create table oauth_authorizations (
	id text primary key,
	grant_id integer not null,
	oauth_app_id text not null,
	account_id integer not null,
	scopes text not null,
	claims text not null,
	nonce text not null,
	session_key text not null,
	methods text not null,
	authenticated_at bigint not null,
	revoked boolean not null,
	created_at bigint not null,
	expires_at bigint not null
);

create index oauth_authorizations_by_grant on oauth_authorizations (grant_id);
create index oauth_authorizations_by_expiry on oauth_authorizations (expires_at);

-- Authorization codes by the SHA-256 of their text. redeemed_at is 0 until the one redemption; the row stays until
-- forget_at, so that a second one is noticed.
create table oauth_codes (
	digest {{blob}} primary key,
	authorization_id text not null,
	redirect_uri text not null,
	challenge text not null,
	key_thumbprint text not null,
	redeemed_at bigint not null,
	expires_at bigint not null,
	forget_at bigint not null
);

create index oauth_codes_by_forget on oauth_codes (forget_at);

-- Tokens: of kind refresh_token too. authorization_id is empty for tokens that no person's consent stands behind,
-- key_thumbprint is that of the DPoP key a token is bound to; used_at is when a refresh token for one use was used.
alter table oauth_tokens add column authorization_id text not null default '';
alter table oauth_tokens add column scopes text not null default 'api';
alter table oauth_tokens add column key_thumbprint text not null default '';
alter table oauth_tokens add column used_at bigint not null default 0;

create index oauth_tokens_by_authorization on oauth_tokens (authorization_id) where authorization_id <> '';

-- Requests that a client pushed ahead (RFC 9126), each read once.
create table oauth_pushed (
	digest {{blob}} primary key,
	oauth_app_id text not null,
	parameters text not null,
	expires_at bigint not null
);

create index oauth_pushed_by_expiry on oauth_pushed (expires_at);

-- Devices that wait to be paired (RFC 8628): the device's code and the person's, both hashed. authorization_id is set when
-- a person has agreed.
create table oauth_devices (
	digest {{blob}} primary key,
	user_digest {{blob}} not null,
	oauth_app_id text not null,
	scopes text not null,
	key_thumbprint text not null,
	pause integer not null,
	polled_at bigint not null,
	authorization_id text not null,
	denied boolean not null,
	redeemed boolean not null,
	created_at bigint not null,
	expires_at bigint not null
);

create unique index oauth_devices_by_user_code on oauth_devices (user_digest);
create index oauth_devices_by_expiry on oauth_devices (expires_at);

-- Proofs and assertions that were used once and must not be again.
create table oauth_replays (
	digest {{blob}} primary key,
	expires_at bigint not null
);

create index oauth_replays_by_expiry on oauth_replays (expires_at);

-- Keys that sign ID tokens. A key signs from active_at until the next generation's; it is published until gone_at (0: not
-- decided yet).
create table oauth_keys (
	kid text primary key,
	algorithm text not null,
	generation integer not null,
	sealed {{blob}} not null,
	public text not null,
	created_at bigint not null,
	active_at bigint not null,
	gone_at bigint not null
);

create unique index oauth_keys_by_generation on oauth_keys (algorithm, generation);
