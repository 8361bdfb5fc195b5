package payment

const (
	sqlInsertPayment = `insert into payments (payment_id, brand_id, order_id, provider, currency, amount, state, captured,
			refunded, disputed, reference, description, reason, action, event_id, token, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, 0, 0, false, '', '', '', '', '', $8, $9, $10)`

	columns = `select payment_id, brand_id, order_id, provider, currency, amount, state, captured, refunded,
		reference, description, reason, action, event_id, token, expires_at from payments `

	sqlPayment = columns + `where payment_id = $1`

	sqlPaymentOfNotice = columns + `where brand_id = $1 and provider = $2 and (payment_id = $3 or reference = $4 and $4 <> '')`

	sqlInsertOperation = `insert into payment_operations (payment_id, seq, brand_id, kind, amount, state, attempts, due_at,
			reason, created_at, settled_at)
		select $1, coalesce(max(seq), 0) + 1, cast($2 as integer), $3, cast($4 as bigint), 'open', 0, cast($5 as bigint), '',
			cast($6 as bigint), 0 from payment_operations where payment_id = $1`

	// The operations that are due and not behind another one of their payment.
	sqlDue = `select payment_id, seq, kind, amount, attempts, faults, created_at, due_at from payment_operations o
		where state = 'open' and due_at <= $1 and not exists (select 1 from payment_operations e
			where e.payment_id = o.payment_id and e.seq < o.seq and e.state = 'open')
		order by due_at limit $2`

	// The operation of a payment that is done next.
	sqlNext = `select payment_id, seq, kind, amount, attempts, faults, created_at, due_at from payment_operations
		where payment_id = $1 and state = 'open' order by seq limit 1`

	// Takes an operation on for a time; nothing when another node did.
	sqlTake = `update payment_operations set due_at = $4, attempts = attempts + 1
		where payment_id = $1 and seq = $2 and due_at = $3 and state = 'open'`

	sqlPostpone = `update payment_operations set due_at = $3, reason = $4, faults = faults + $5 where payment_id = $1 and seq = $2 and state = 'open'`

	sqlHurry = `update payment_operations set due_at = $2 where payment_id = $1 and state = 'open' and due_at > $2`

	sqlHurryBrand = `update payment_operations set due_at = $2 where brand_id = $1 and state = 'open' and due_at > $2`

	// The newest payment that the provider knows and that is not settled: of holds those after $3, the others have expired.
	sqlUnsettled = columns + `where brand_id = $1 and provider = $2 and reference <> '' and (state = 'authorized' and created_at > $3
		or exists (select 1 from payment_operations o where o.payment_id = payments.payment_id and o.state = 'open'))
		order by created_at desc limit 1`

	sqlProgress = `update payments set reference = case when $2 = '' then reference else $2 end, action = $3
		where payment_id = $1 and state = 'pending'`

	sqlSettleOperation = `update payment_operations set state = $3, reason = $4, settled_at = $5
		where payment_id = $1 and seq = $2 and state = 'open'`

	sqlRedact = `update payments set description = '', token = null, action = '' where order_id = $1`

	sqlAuthorized = `update payments set state = $2, reference = $3, description = $4, action = '', token = null
		where payment_id = $1 and state = 'pending'`

	sqlDeclined = `update payments set reference = case when $2 = '' then reference else $2 end, reason = $3, action = '',
		token = null where payment_id = $1 returning brand_id`

	sqlCaptured = `update payments set state = $2, captured = $3 where payment_id = $1`
	sqlRefunded = `update payments set refunded = refunded + $2 where payment_id = $1`
	sqlSetState = `update payments set state = $2 where payment_id = $1`
	sqlPlaced   = `update payments set event_id = $2 where payment_id = $1`

	sqlDispute = `select stage, amount from payment_disputes where payment_id = $1 and dispute_id = $2`

	// Zero rows: somebody else has told of it.
	sqlInsertDispute = `insert into payment_disputes (payment_id, dispute_id, stage, amount) values ($1, $2, $3, $4) on conflict do nothing`
	sqlMoveDispute   = `update payment_disputes set stage = $4, amount = $5 where payment_id = $1 and dispute_id = $2 and stage = $3`

	// A refund that was done.
	sqlReopen = `update payment_operations set state = 'open', due_at = $3, settled_at = 0
		where payment_id = $1 and seq = $2 and kind = 'refund' and state = 'done' returning amount`

	sqlAccount = `select publishable_key, secrets from payment_accounts where brand_id = $1 and provider = $2`

	sqlTell = `update payment_accounts set told_at = $3 where brand_id = $1 and provider = $2 and told_at <= $4`

	sqlAccounts = `select provider, enabled, publishable_key from payment_accounts where brand_id = $1`

	sqlEnableOnly = `update payment_accounts set enabled = (provider = $2), changed_at = $3 where brand_id = $1`

	sqlSaveAccount = `insert into payment_accounts (brand_id, provider, enabled, publishable_key, secrets, changed_at)
		values ($1, $2, $3, $4, $5, $6)
		on conflict (brand_id, provider) do update set enabled = excluded.enabled, publishable_key = excluded.publishable_key,
			secrets = excluded.secrets, changed_at = excluded.changed_at`
)
