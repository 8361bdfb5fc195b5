package mail

const (
	sqlPut = `insert into mail_outbox (id, sealed, attempts, due_at, expires_at, about) values ($1, $2, 0, $3, $4, $5)`
	sqlDue = `select id, sealed, attempts, due_at, expires_at from mail_outbox where due_at <= $1 order by due_at limit $2`
	// Takes a message on for a time; nothing when another node did.
	sqlTake     = `update mail_outbox set due_at = $3, attempts = attempts + 1 where id = $1 and due_at = $2`
	sqlPostpone = `update mail_outbox set due_at = $2 where id = $1`
	sqlDrop     = `delete from mail_outbox where id = $1`
	sqlWithdraw = `delete from mail_outbox where about = $1`

	// Zero rows: it is spent.
	sqlSpend = `insert into mail_counts (what, ends_at, messages) values ($1, $2, 1)
		on conflict (what, ends_at) do update set messages = mail_counts.messages + 1 where mail_counts.messages < $3`
	sqlSweepCounts = `delete from mail_counts where ends_at <= $1`
)
