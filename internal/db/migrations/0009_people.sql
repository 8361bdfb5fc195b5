-- What a person says of themselves. verified: they proved that the address is theirs. first_brand is the name of the brand
-- that a sign-up asked for, made when the address is verified. language is BCP 47, time_zone IANA; both may be empty.
alter table accounts add column verified boolean not null default true;
alter table accounts add column language text not null default '';
alter table accounts add column time_zone text not null default '';
alter table accounts add column phone text not null default '';
alter table accounts add column local_times boolean not null default false;
alter table accounts add column first_brand text not null default '';
alter table accounts add column updated_at bigint not null default 0;

-- One row per person and browser. digest is the SHA-256 of the cookie's value. A session ends at ends_at, which moves
-- while it is used, but never beyond expires_at.
create table sessions (
	digest {{blob}} primary key,
	session_key text not null,
	account_id integer not null,
	authenticated_at bigint not null,
	methods text not null,
	created_at bigint not null,
	seen_at bigint not null,
	ends_at bigint not null,
	expires_at bigint not null,
	address text not null,
	agent text not null
);

create unique index sessions_by_key on sessions (session_key);
create index sessions_by_account on sessions (account_id);
create index sessions_by_end on sessions (ends_at);

-- The networks that a person signed in from: there, what others do wrong elsewhere delays nobody.
create table account_sites (
	account_id integer not null,
	site text not null,
	seen_at bigint not null,
	primary key (account_id, site)
);

create index account_sites_by_age on account_sites (seen_at);

-- One-time PINs, one per e-mail address and purpose. There is one for any address that somebody asks for, so that an
-- address without an account looks the same; both digests are keyed.
create table account_pins (
	address_digest {{blob}} not null,
	purpose text not null,
	pin_digest {{blob}} not null,
	tries integer not null,
	expires_at bigint not null,
	primary key (address_digest, purpose)
);

create index account_pins_by_end on account_pins (expires_at);

-- Links that set a new password: the SHA-256 of each token.
create table account_resets (
	digest {{blob}} primary key,
	account_id integer not null,
	expires_at bigint not null
);

create index account_resets_by_account on account_resets (account_id);
create index account_resets_by_end on account_resets (expires_at);

-- The authenticator app of a person. Before it is confirmed it asks for nothing. last_step is the time step of the last
-- code that was taken; no code of it or of an earlier one is taken again.
create table account_totp (
	account_id integer primary key,
	sealed {{blob}} not null,
	confirmed boolean not null,
	last_step bigint not null,
	created_at bigint not null
);

-- Recovery codes that are not used up.
create table account_recovery (
	account_id integer not null,
	digest {{blob}} not null,
	primary key (account_id, digest)
);

-- Passkeys. doc is the credential as the library keeps it; sign_count rises with each use, where the authenticator counts.
create table passkeys (
	credential_id {{blob}} primary key,
	passkey_key text not null,
	account_id integer not null,
	name text not null,
	doc text not null,
	sign_count bigint not null,
	created_at bigint not null,
	used_at bigint not null
);

create unique index passkeys_by_key on passkeys (passkey_key);
create index passkeys_by_account on passkeys (account_id, created_at);

-- Challenges of passkeys that were answered, so that no answer counts twice.
create table passkey_answers (
	digest {{blob}} primary key,
	expires_at bigint not null
);

create index passkey_answers_by_end on passkey_answers (expires_at);

-- Mail that is still to be sent. sealed is the whole message; a message that is out is deleted.
create table mail_outbox (
	id text primary key,
	sealed {{blob}} not null,
	attempts integer not null,
	due_at bigint not null,
	expires_at bigint not null
);

create index mail_outbox_by_due on mail_outbox (due_at);
