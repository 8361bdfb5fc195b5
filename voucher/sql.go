package voucher

const (
	columns = `voucher_id, brand_id, code, kind, sub_kind, customer_id, stores, channels, automatic, enabled, starts_at,
		expires_at, most_uses, version, used, credit, doc`

	sqlVoucher   = `select ` + columns + ` from vouchers where voucher_id = $1`
	sqlByCode    = `select ` + columns + ` from vouchers where brand_id = $1 and code = $2`
	sqlAutomatic = `select ` + columns + ` from vouchers where brand_id = $1 and automatic = true and enabled = true
		and expires_at > $2 order by voucher_id`
	sqlOfBrand  = `select ` + columns + ` from vouchers where brand_id = $1 order by voucher_id desc`
	sqlOfPerson = `select ` + columns + ` from vouchers where brand_id = $1 and customer_id = $2 order by voucher_id desc`

	sqlInsert = `insert into vouchers (` + columns + `)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1, 0, $14, $15) on conflict do nothing`

	sqlCodeTaken = `select count(*) from vouchers where brand_id = $1 and code = $2 and voucher_id <> $3`

	// Zero rows: somebody changed the voucher since version $2. What is counted stays as it is.
	sqlUpdate = `update vouchers set code = $3, sub_kind = $4, customer_id = $5, stores = $6, channels = $7, automatic = $8,
		enabled = $9, starts_at = $10, expires_at = $11, most_uses = $12, doc = $13, version = version + 1
		where voucher_id = $1 and version = $2`

	sqlSetCredit = `update vouchers set credit = $2 where voucher_id = $1`

	// Zero rows: the voucher is not at version $2 any more, its last use is taken, or less than $3 of its credit is left. It
	// takes the row's lock on PostgreSQL, so that the uses of one voucher follow each other.
	sqlTake = `update vouchers set used = used + 1, credit = credit - $3
		where voucher_id = $1 and version = $2 and (most_uses = 0 or used < most_uses) and credit >= $3`

	sqlGiveBack = `update vouchers set used = used - 1, credit = credit + $2 where voucher_id = $1`

	sqlInsertUse = `insert into voucher_uses (voucher_id, taken_by, brand_id, order_id, customer_id, discount, credit,
		order_amount, used_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing`

	sqlDeleteUse        = `delete from voucher_uses where voucher_id = $1 and taken_by = $2 returning credit`
	sqlDeleteUseOfOrder = `delete from voucher_uses where order_id = $1 returning voucher_id, credit`

	sqlUsedUnder      = `select count(*) from voucher_uses where voucher_id = $1 and taken_by = $2`
	sqlUsedByCustomer = `select count(*) from voucher_uses where voucher_id = $1 and customer_id = $2`

	sqlStats = `select count(*), count(distinct nullif(customer_id, 0)), coalesce(sum(order_amount), 0),
		coalesce(sum(discount), 0), count(nullif(order_id, 0)) from voucher_uses where voucher_id = $1`

	sqlUsesSince = `select used_at from voucher_uses where voucher_id = $1 and used_at >= $2`
)
