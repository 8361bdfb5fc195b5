-- OAuth apps: an integration's credentials, owned by a brand. id is the client_id, 22 decimal digits. levels (comma
-- between) and stores (JSON array, empty text = all) bound what its tokens can do, besides what its owner may do then.
create table oauth_apps (
	id text primary key,
	brand_id integer not null,
	owner_id integer not null,
	name text not null,
	logo_uri text not null,
	flow text not null,
	refresh_usage text not null,
	access_seconds integer not null,
	refresh_seconds integer not null,
	levels text not null,
	stores text not null,
	disabled boolean not null,
	created_at bigint not null,
	version bigint not null
);

create index oauth_apps_by_brand on oauth_apps (brand_id, created_at);

-- The secrets of an OAuth app: digest is checked at the token endpoint, sealed can be shown again. Two at most are live.
create table oauth_secrets (
	id integer primary key,
	brand_id integer not null,
	oauth_app_id text not null,
	digest {{blob}} not null,
	sealed {{blob}} not null,
	created_at bigint not null
);

create index oauth_secrets_by_app on oauth_secrets (oauth_app_id, id);

create table oauth_redirect_uris (
	id integer primary key,
	brand_id integer not null,
	oauth_app_id text not null,
	uri text not null,
	created_at bigint not null
);

create unique index oauth_redirect_uris_once on oauth_redirect_uris (oauth_app_id, uri);

-- Access tokens by the SHA-256 of their text. token_key names one in lists. kind says how it was issued; levels and
-- stores bound it to what its issuer had then.
create table oauth_tokens (
	digest {{blob}} primary key,
	token_key text not null,
	brand_id integer not null,
	oauth_app_id text not null,
	kind text not null,
	subject_id integer not null,
	levels text not null,
	stores text not null,
	created_at bigint not null,
	expires_at bigint not null
);

create unique index oauth_tokens_by_key on oauth_tokens (token_key);
create index oauth_tokens_by_app on oauth_tokens (oauth_app_id, created_at);
create index oauth_tokens_by_expiry on oauth_tokens (expires_at);
