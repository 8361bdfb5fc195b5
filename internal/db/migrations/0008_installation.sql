-- What is true of the whole installation, such as the fingerprint of its master key.
create table installation (
	name text primary key,
	value text not null
);
