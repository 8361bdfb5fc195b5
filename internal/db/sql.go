package db

const (
	sqlCreateMigrations = `create table if not exists schema_migrations (name text primary key)`
	sqlClaimMigration   = `insert into schema_migrations (name) values ($1) on conflict do nothing`

	postgresNotify = `select pg_notify($1, $2)` // not named sql…: it exists on one engine only

	sqlTakeIDs = `insert into id_sequences (name, last_id) values ($1, $2)
		on conflict (name) do update set last_id = id_sequences.last_id + $2 returning last_id`
)
