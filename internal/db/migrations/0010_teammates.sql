-- The audit log: who did what to what, from where. Only ever inserted into. brand_id 0 is a person's own account, whose
-- entries belong to account_id. entry_id is a UUIDv7, so its order is that of time.
create table audit_entries (
	entry_id text primary key,
	brand_id integer not null,
	account_id integer not null,
	oauth_app_id text not null,
	name text not null,
	action text not null,
	target text not null,
	detail text not null,
	address text not null,
	at bigint not null
);

create index audit_entries_by_brand on audit_entries (brand_id, entry_id);
create index audit_entries_by_account on audit_entries (brand_id, account_id, entry_id);
