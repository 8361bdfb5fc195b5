package customer

const (
	sqlFind = `select customer_id from customers where brand_id = $1 and contact = $2`

	sqlInsert = `insert into customers (customer_id, brand_id, contact, name, phone, email, created_at)
		values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`
)
