package order

const (
	// Orders that stand: all but those that came to nothing, which turnedDown lists.
	stands = `state not in ('RejectedByStore', 'RejectedAfterBeingAccepted', 'RejectedAutomatically', 'RejectedByFlipdish', 'Cancelled')`

	// It holds the row until the end of the transaction.
	sqlTakeTurn = `insert into order_turns (store_id, delivery_type, taken) values ($1, $2, 1)
		on conflict (store_id, delivery_type) do update set taken = order_turns.taken + 1`

	sqlCountWanted = `select count(*) from orders
		where store_id = $1 and delivery_type = $2 and requested_for >= $3 and requested_for < $4 and ` + stands + `
			and order_id <> $5`

	sqlWanted = `select requested_for from orders
		where store_id = $1 and delivery_type = $2 and requested_for >= $3 and ` + stands + ` order by requested_for`

	sqlInsertOrder = `insert into orders (order_id, brand_id, store_id, customer_id, state, version, currency,
			placed_at, requested_for, customer_name, customer_phone, customer_email, tracking_code, tracking_hash,
			amount, refundable, refunded, silent, doc, calculation, kitchen_at, delivery_type, payment_id, searched, app_type, channel_order_id)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 0, false, $17, $18, $19, $20, $21, $22, $23, $24)`

	sqlOrder = `select brand_id, store_id, state, version, currency, requested_for, amount, refundable, refunded,
		doc, calculation, placed_at, delivery, driver_id, payment_id, held_in, taken_back from orders where order_id = $1`

	// Changes nothing, but takes the row's lock on PostgreSQL and returns the row as the last commit left it.
	sqlLockOrder = `update orders set version = version where order_id = $1
		returning brand_id, store_id, state, version, currency, requested_for, amount, refundable, refunded, doc, calculation,
			placed_at, delivery, driver_id, payment_id, held_in, taken_back`

	sqlUpdateOrder = `update orders set version = $3, state = $4, amount = $5, refundable = $6, refunded = $7,
		doc = $8, calculation = $9, placed_at = $10, delivery = $11, driver_id = $12, held_in = $13, taken_back = $14
		where order_id = $1 and version = $2`

	sqlInsertQuiet = `insert into order_quiet_events (event_id) values ($1)`
	sqlIsQuiet     = `select exists (select 1 from order_quiet_events where event_id = $1)`
	sqlDropQuiet   = `delete from order_quiet_events where event_id = $1`
	// The customer of an order, unless they are erased or another channel's: that tells them.
	sqlToTell = `select o.state, o.customer_id, o.customer_email, o.customer_phone
		from orders o join customers c on c.customer_id = o.customer_id and c.brand_id = o.brand_id
		where o.order_id = $1 and o.brand_id = $2 and c.erased_at = 0 and o.channel_order_id = ''`

	sqlInsertRefund = `insert into order_refunds (order_id, version, brand_id, amount, reason, notify_customer, account_id,
		refunded_at) values ($1, $2, $3, $4, $5, $6, $7, $8)`

	sqlPutDeadline = `insert into order_deadlines (order_id, kind, brand_id, state, due_at) values ($1, $2, $3, $4, $5)
		on conflict (order_id, kind) do update set state = excluded.state, due_at = excluded.due_at`
	// Zero rows: another node met it, the order left the state, or the deadline was moved.
	sqlTakeDeadline     = `delete from order_deadlines where order_id = $1 and kind = $2 and due_at = $3`
	sqlPostponeDeadline = `update order_deadlines set due_at = $4 where order_id = $1 and kind = $2 and due_at = $3`
	sqlDropDeadlines    = `delete from order_deadlines where order_id = $1 and state = $2`
	sqlDeadline         = `select due_at from order_deadlines where order_id = $1 and kind = $2`
	// By the clock of each brand, which is clock_offset ahead of $1.
	sqlDueDeadlines = `select d.order_id, d.kind, d.brand_id, d.due_at from order_deadlines d join brands b on b.id = d.brand_id
		where d.due_at <= $1 + b.clock_offset order by d.due_at limit $2`

	sqlOrderByToken = `select order_id from orders where order_id = $1 and brand_id = $2 and tracking_hash = $3`

	// Lists. $2 holds the wanted store ids as ",1,2,", or is empty for all stores. $5 to $18 are the wanted states, padded
	// with empty texts. PendingPayment and PlacedCanBeCancelled are the customer's own affair; so is what was never placed, whose
	// placed_at is 0.
	sqlListByTime = `select order_id, placed_at, doc from orders
		where brand_id = $1 and (cast($2 as text) = '' or cast($2 as text) like '%,' || cast(store_id as text) || ',%')
			and placed_at >= $3 and placed_at <= $4 and state not in ('PendingPayment', 'PlacedCanBeCancelled')
		order by placed_at desc, order_id desc limit $5 offset $6`

	sqlCountByTime = `select count(*) from orders
		where brand_id = $1 and (cast($2 as text) = '' or cast($2 as text) like '%,' || cast(store_id as text) || ',%')
			and placed_at >= $3 and placed_at <= $4 and state not in ('PendingPayment', 'PlacedCanBeCancelled')`

	sqlListByState = `select order_id, placed_at, doc from orders
		where brand_id = $1 and (cast($2 as text) = '' or cast($2 as text) like '%,' || cast(store_id as text) || ',%')
			and placed_at >= $3 and placed_at <= $4 and state not in ('PendingPayment', 'PlacedCanBeCancelled')
			and state in ($5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
		order by placed_at desc, order_id desc limit $19 offset $20`

	sqlCountByState = `select count(*) from orders
		where brand_id = $1 and (cast($2 as text) = '' or cast($2 as text) like '%,' || cast(store_id as text) || ',%')
			and placed_at >= $3 and placed_at <= $4 and state not in ('PendingPayment', 'PlacedCanBeCancelled')
			and state in ($5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`

	// Summaries. $2 holds the stores as in the lists, $5 the wanted states as ",A,B," (empty: all), $6 the wanted ids and $7 the
	// wanted kinds of app alike, $8 the searched text as a folded pattern, $9 as one in lower case for orders without a folded text.
	summaryWhere = ` from orders
		where brand_id = $1 and (cast($2 as text) = '' or cast($2 as text) like '%,' || cast(store_id as text) || ',%')
			and placed_at >= $3 and placed_at <= $4 and state not in ('PendingPayment', 'PlacedCanBeCancelled')
			and (cast($5 as text) = '' or cast($5 as text) like '%,' || state || ',%')
			and (cast($6 as text) = '' or cast($6 as text) like '%,' || cast(order_id as text) || ',%')
			and (cast($7 as text) = '' or cast($7 as text) like '%,' || app_type || ',%')
			and (cast($8 as text) = '' or cast(order_id as text) like $8 escape '\' or searched like $8 escape '\'
				or searched = '' and (lower(customer_name) like $9 escape '\' or customer_phone like $9 escape '\'
					or lower(customer_email) like $9 escape '\' or lower(tracking_code) like $9 escape '\'))`
	sqlCountSummaries     = `select count(*)` + summaryWhere
	sqlSummariesByTime    = `select doc` + summaryWhere + ` order by placed_at desc, order_id desc limit $10 offset $11`
	sqlSummariesByRequest = `select doc` + summaryWhere + ` order by requested_for desc, order_id desc limit $10 offset $11`

	// What the kitchen is to make now, first what it is to begin with first.
	sqlKitchen = `select doc from orders
		where brand_id = $1 and (cast($2 as text) = '' or cast($2 as text) like '%,' || cast(store_id as text) || ',%')
			and state = 'AcceptedByRestaurant' and kitchen_at <= $3
		order by kitchen_at, order_id limit $4`

	// The orders of a store's day that it accepted, each with what the store has of its money: of a card what was taken.
	sqlDay = `select refundable - refunded - case when taken_back > refundable then refundable else taken_back end, doc from orders
		where brand_id = $1 and store_id = $2 and placed_at >= $3 and placed_at < $4
			and state in ('AcceptedByRestaurant', 'Dispatched', 'Delivered', 'AcceptedAndRefunded')
		order by order_id`

	// An order that is not answered, or answered and wanted for a time after $3.
	sqlUnderWay = `select order_id from orders where brand_id = $1 and customer_id = $2 and
		(state in ('PendingPayment', 'PlacedCanBeCancelled', 'ReadyToProcess', 'ManualReview')
			or state in ('AcceptedByRestaurant', 'Dispatched') and requested_for > $3) order by order_id limit 1`
	sqlOrdersOfCustomer = `select order_id from orders where brand_id = $1 and customer_id = $2 order by order_id`
	sqlRedactOrder      = `update orders set doc = $2, version = version + 1, customer_name = $3, customer_phone = $3,
		customer_email = $3, delivery = '', searched = '' where order_id = $1`
	sqlRefundReasons = `select reason from order_refunds where order_id = $1`
	sqlRedactRefunds = `update order_refunds set reason = $2 where order_id = $1 and reason <> ''`

	sqlCountOfCustomer = `select count(*) from orders where brand_id = $1 and customer_id = $2 and ` + stands

	sqlWaiting = `select order_id from orders
		where brand_id = $1 and state = 'ReadyToProcess'
			and (cast($2 as text) = '' or cast($2 as text) like '%,' || cast(store_id as text) || ',%')
		order by placed_at, order_id`

	// Batches. Zero rows: the store has one that takes orders.
	sqlInsertBatch = `insert into order_batches (id, brand_id, store_id, code, created_at, closes_at, published)
		values ($1, $2, $3, $4, $5, $6, false) on conflict (store_id) where published = false do nothing`

	batchColumns = `id, brand_id, store_id, code, created_at, closes_at, published`

	sqlLockOpenBatch = `update order_batches set published = published where store_id = $1 and published = false returning ` + batchColumns

	// Zero rows: another node was first.
	sqlPublishBatch = `update order_batches set published = true where id = $1 and published = false`

	sqlDueBatches = `select o.id, o.brand_id, o.store_id, o.code, o.created_at, o.closes_at, o.published
		from order_batches o join brands b on b.id = o.brand_id
		where o.published = false and o.closes_at <= $1 + b.clock_offset order by o.closes_at limit $2`

	sqlBatch = `select ` + batchColumns + ` from order_batches where id = $1 and brand_id = $2`

	sqlListBatches = `select ` + batchColumns + ` from order_batches
		where brand_id = $1 and (cast($2 as text) = '' or cast($2 as text) like '%,' || cast(store_id as text) || ',%')
			and created_at >= $3 and created_at <= $4
		order by created_at desc, id desc limit $5`

	sqlInsertBatchOrder = `insert into order_batch_orders (batch_id, order_id) values ($1, $2)`

	sqlBatchOrders = `select order_id from order_batch_orders where batch_id = $1 order by order_id`

	// Without those that came to nothing.
	sqlStandingBatchOrders = `select b.order_id from order_batch_orders b join orders o on o.order_id = b.order_id
		where b.batch_id = $1 and o.state not in
			('RejectedByStore', 'RejectedAfterBeingAccepted', 'RejectedAutomatically', 'RejectedByFlipdish', 'Cancelled')
		order by b.order_id`

	// Of a locked order: what others prepared from the document before is to be prepared again.
	sqlUpdateDocument = `update orders set version = version + 1, doc = $2 where order_id = $1`

	// What is delivered, or cannot be, is nobody's to deliver.
	// $1 is the driver: what a channel attaches to an item may read the same but for that number, which it can only quote.
	underDelivery = `doc not like '%"DeliveryTrackingStatus":"Delivered","DriverId":' || cast($1 as text) || ',%'
		and doc not like '%"DeliveryTrackingStatus":"CannotDeliver","DriverId":' || cast($1 as text) || ',%'`

	sqlToDeliver = `select order_id, store_id from orders where driver_id = $1 and brand_id = $2
		and state in ('ReadyToProcess', 'AcceptedByRestaurant', 'Dispatched', 'AcceptedAndRefunded') and ` + underDelivery + ` order by order_id`

	// Wanted after $2, by the clock of the brand.
	sqlOfDriver = `select o.brand_id, o.store_id, o.doc from orders o join brands b on b.id = o.brand_id
		where o.driver_id = $1 and o.state in ('ReadyToProcess', 'AcceptedByRestaurant', 'Dispatched')
			and o.requested_for > $2 + b.clock_offset and ` + underDelivery + `
		order by o.requested_for, o.order_id limit 100`
)
