package mail

const (
	sqlPut = `insert into mail_outbox (id, sealed, attempts, due_at, expires_at) values ($1, $2, 0, $3, $4)`
	sqlDue = `select id, sealed, attempts, due_at, expires_at from mail_outbox where due_at <= $1 order by due_at limit $2`
	// Takes a message on for a time; nothing when another node did.
	sqlTake     = `update mail_outbox set due_at = $3, attempts = attempts + 1 where id = $1 and due_at = $2`
	sqlPostpone = `update mail_outbox set due_at = $2 where id = $1`
	sqlDrop     = `delete from mail_outbox where id = $1`
)
