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
create index audit_entries_by_account on audit_entries (account_id, brand_id, entry_id);

-- Names a teammate on the wire, from the invitation on; empty = the account id in decimal.
alter table memberships add column teammate_id text not null default '';

-- Invitations to a brand, one per address. digest is the SHA-256 of the code in the mail. What the invited person gets is
-- bound by what inviter_id (0 = Comanda itself) may give when they accept. account_id is who accepted, 0 = nobody yet; the
-- row goes when the teammate does.
create table teammate_invitations (
	id text primary key,
	brand_id integer not null,
	email text not null,
	level text not null,
	stores text not null,
	digest {{blob}} not null,
	inviter_id integer not null,
	account_id integer not null,
	created_at bigint not null,
	expires_at bigint not null
);

create unique index teammate_invitations_by_email on teammate_invitations (brand_id, email);
create unique index teammate_invitations_by_digest on teammate_invitations (digest);
create index teammate_invitations_to on teammate_invitations (email);
