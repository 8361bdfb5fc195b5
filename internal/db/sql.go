package db

const (
	sqlCreateMigrations = `create table if not exists schema_migrations (
		level integer primary key,
		name text not null,
		needs_level integer not null
	)`
	sqlClaimMigration = `insert into schema_migrations (level, name, needs_level) values ($1, $2, $3)
		on conflict (level) do nothing`
	sqlMigrations = `select level, name, needs_level from schema_migrations order by level`

	sqlTakeIDs = `insert into id_sequences (name, last_id) values ($1, $2)
		on conflict (name) do update set last_id = id_sequences.last_id + $2 returning last_id`

	postgresNotify = `select pg_notify($1, $2)` // not named sql…: it exists on one engine only
)
