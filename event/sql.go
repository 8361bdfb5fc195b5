package event

const (
	sqlAdvanceHead = `insert into log_heads (brand_id, position) values ($1, $2)
		on conflict (brand_id) do update set position = log_heads.position + excluded.position`

	// $2 is how far below the new head the event stands.
	sqlInsertEvent = `insert into log_events
		(brand_id, position, event_id, name, subject, store_id, created_at, redacted, body)
		select brand_id, position - cast($2 as integer), $3, $4, $5, cast($6 as integer), cast($7 as bigint), false, $8
		from log_heads where brand_id = $1`
)
