package customer

const (
	columns = `customer_id, brand_id, name, phone, email, created_at, stores, cash, card, marketing, app_type, version, erased_at`

	sqlCustomer = `select ` + columns + ` from customers where brand_id = $1 and customer_id = $2`
	// Changes nothing, but takes the row's lock on PostgreSQL and returns the row as the last commit left it.
	sqlLock = `update customers set version = version where brand_id = $1 and customer_id = $2 returning ` + columns

	// The program one version back stores the first contact in customers alone.
	sqlByContact = `select ` + columns + ` from customers where brand_id = $1 and (contact = $2 or
		customer_id = (select customer_id from customer_contacts where brand_id = $1 and contact = $2))`

	sqlInsert = `insert into customers (customer_id, brand_id, contact, name, phone, email, created_at, stores, marketing, app_type)
		values ($1, $2, $3, $4, $5, $6, $7, $8, false, $9) on conflict do nothing`

	// Zero rows: the contact is another customer's.
	sqlClaim = `insert into customer_contacts (brand_id, contact, customer_id) values ($1, $2, $3) on conflict do nothing`

	// Takes the lock of a customer who orders from store $2, where $3 is ",$2,". Zero rows: the customer is erased.
	sqlOrders = `update customers set stores = case when stores like '%' || $3 || '%' then stores else stores || $2 || ',' end
		where customer_id = $1 and erased_at = 0 returning ` + columns

	// Zero rows: somebody changed the customer since version $2.
	sqlTeach = `update customers set name = $3, phone = $4, email = $5, version = version + 1
		where customer_id = $1 and version = $2 and erased_at = 0`

	sqlSet = `update customers set cash = $2, card = $3, marketing = $4, version = version + 1 where customer_id = $1`

	// $3 stands in the place of what was the customer's.
	sqlErase = `update customers set contact = $2, name = $3, phone = $3, email = $3, marketing = false, erased_at = $4,
		version = version + 1 where customer_id = $1`
	sqlFree = `delete from customer_contacts where customer_id = $1`

	sqlInsertErasure = `insert into customer_erasures (customer_id, brand_id, actor, asked_at, done_order) values ($1, $2, $3, $4, 0)`
	sqlErasures      = `select customer_id, brand_id, actor, done_order from customer_erasures order by asked_at limit 10`
	sqlPutOffErasure = `update customer_erasures set asked_at = $2 where customer_id = $1`
	sqlErasureDid    = `update customer_erasures set done_order = $2 where customer_id = $1`
	// Zero rows: somebody else ended it.
	sqlEndErasure = `delete from customer_erasures where customer_id = $1`

	sqlInsertConsent = `insert into customer_consents (customer_id, version, brand_id, marketing, source, account_id, said_at)
		values ($1, $2, $3, $4, $5, $6, $7)`
	sqlConsents = `select marketing, source, account_id, said_at from customer_consents
		where customer_id = $1 order by version desc`
)
