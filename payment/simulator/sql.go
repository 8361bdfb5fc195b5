package simulator

const (
	sqlInsert = `insert into simulated_payments (reference, brand_id, version, notify_at, doc) values ($1, $2, 1, 0, '{}')
		on conflict do nothing`

	// Takes the row's lock on PostgreSQL.
	sqlLock = `update simulated_payments set version = version + 1 where reference = $1 returning doc`

	sqlSave = `update simulated_payments set notify_at = $2, doc = $3 where reference = $1`
	sqlRead = `select doc from simulated_payments where reference = $1`

	sqlToNotify = `select reference, brand_id from simulated_payments where notify_at > 0 and notify_at <= $1 order by notify_at limit 20`
)
