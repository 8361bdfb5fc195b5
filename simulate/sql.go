package simulate

// What the checks read.
const (
	sqlOrders = `select order_id, store_id, delivery_type, state, currency, payment_id, amount, refundable, refunded, requested_for, placed_at
		from orders where brand_id = $1 order by order_id`

	// What is still to be done: deadlines of orders, and operations of payments.
	sqlOpen = `select (select count(*) from order_deadlines where brand_id = $1)
		+ (select count(*) from payment_operations where brand_id = $1 and state = 'open')`

	// Vouchers whose uses are not those that are counted, or are too many.
	sqlOverused = `select count(*) from vouchers v where brand_id = $1 and (most_uses > 0 and used > most_uses
		or used <> (select count(*) from voucher_uses u where u.voucher_id = v.voucher_id))`

	// Orders that were turned down and did not give their voucher back.
	sqlKept = `select count(*) from voucher_uses u join orders o on o.order_id = u.order_id
		where o.brand_id = $1 and o.state in ('RejectedByStore', 'RejectedAfterBeingAccepted', 'RejectedAutomatically', 'RejectedByFlipdish', 'Cancelled')`
)
