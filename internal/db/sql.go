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

	sqlPing  = `select 1`
	sqlClock = `select cast(current_timestamp as text)`
	// Writes a page, whatever is there.
	sqlTouch = `insert into id_sequences (name, last_id) values ('ping', 0)
		on conflict (name) do update set last_id = 1 - id_sequences.last_id`

	postgresNotify = `select pg_notify($1, $2)` // not named sql…: it exists on one engine only

	// Per brand: head, number of events, first and last position.
	sqlVerifyLogs = `select h.brand_id, h.position, count(e.position), coalesce(min(e.position), 0), coalesce(max(e.position), 0)
		from log_heads h left join log_events e on e.brand_id = h.brand_id
		group by h.brand_id, h.position order by h.brand_id`
	sqlVerifyHeadless = `select count(*) from log_events e
		where not exists (select 1 from log_heads h where h.brand_id = e.brand_id)`
	sqlVerifyFollowers = `select count(*) from log_followers f
		where f.cursor_position > coalesce((select h.position from log_heads h where h.brand_id = f.brand_id), 0)`

	// The catalogues, each of one engine only: table, column, declared type.
	catalogueOfSQLite = `select t.name, c.name, lower(c.type) from sqlite_schema t join pragma_table_info(t.name) c
		where t.type = 'table' and t.name not like 'sqlite|_%' escape '|' order by t.name, c.cid`
	catalogueOfPostgres = `select c.table_name, c.column_name, c.data_type from information_schema.columns c
		where c.table_schema = current_schema() order by c.table_name, c.ordinal_position`
)
