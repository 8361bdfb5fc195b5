-- People who sign in. email is trimmed and in lower case; password_hash is an argon2id text, empty while none is set.
create table accounts (
	id integer primary key,
	email text not null,
	name text not null,
	password_hash text not null,
	disabled boolean not null,
	created_at bigint not null,
	version bigint not null
);

create unique index accounts_by_email on accounts (email);

-- One row, taken with the first account: whoever inserts it is first.
create table account_first (
	id integer primary key,
	account_id integer not null
);

-- Brands, the tenants. app_id is always in lower case, which makes it unique without case. config is a JSON document,
-- clock_offset how many microseconds a sandbox's clock is ahead.
create table brands (
	id integer primary key,
	app_id text not null,
	name text not null,
	country_id text not null,
	config text not null,
	sandbox boolean not null,
	disabled boolean not null,
	clock_offset bigint not null,
	created_at bigint not null,
	version bigint not null
);

create unique index brands_by_app_id on brands (app_id);

-- Who may do what: one level per person and brand. stores is a JSON array of store ids, empty text = all stores.
create table memberships (
	brand_id integer not null,
	account_id integer not null,
	level text not null,
	stores text not null,
	created_at bigint not null,
	version bigint not null,
	primary key (brand_id, account_id)
);

create index memberships_by_account on memberships (account_id, brand_id);

-- Public files such as logos. The name is a digest of brand and content, so that a file never changes under its name.
create table assets (
	name text primary key,
	brand_id integer not null,
	kind text not null,
	content_type text not null,
	content {{blob}} not null,
	created_at bigint not null
);

create index assets_by_brand on assets (brand_id, kind);
