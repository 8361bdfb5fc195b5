package idempotency

const (
	sqlTake = `insert into idempotency_keys (id, brand_id, subject, body_hash, created_at, answer, forever)
		values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`

	sqlSettle = `update idempotency_keys set answer = $2 where id = $1`

	sqlRead = `select body_hash, answer from idempotency_keys where id = $1`

	sqlSubjects = `select id, subject from idempotency_keys where subject <> ''`
	sqlErase    = `update idempotency_keys set answer = $2 where id = $1`

	sqlSweep = `delete from idempotency_keys where id in (
		select id from idempotency_keys where not forever and created_at < $1 order by created_at limit $2)`
)
