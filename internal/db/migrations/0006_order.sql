-- Customers: one row per brand and contact, made by their first order. contact is tel:+353… or mailto:…, the first that
-- the order gave.
create table customers (
	customer_id integer primary key,
	brand_id integer not null,
	contact text not null,
	name text not null,
	phone text not null,
	email text not null,
	created_at bigint not null
);

create unique index customers_by_contact on customers (brand_id, contact);

-- Orders: key columns beside the order as the contract shows it (doc) and the calculation of its total. Money is in
-- minor units of currency. tracking_hash is the SHA-256 of the customer's tracking token, which is stored nowhere.
-- silent says that the customer is not to be told of
-- the order's last change.
create table orders (
	order_id integer primary key,
	brand_id integer not null,
	store_id integer not null,
	customer_id integer not null,
	state text not null,
	version integer not null,
	currency text not null,
	placed_at bigint not null,
	requested_for bigint not null,
	customer_name text not null,
	customer_phone text not null,
	customer_email text not null,
	tracking_code text not null,
	tracking_hash text not null,
	amount bigint not null,
	refundable bigint not null,
	refunded bigint not null,
	silent boolean not null,
	doc text not null,
	calculation text not null
);

create index orders_by_time on orders (brand_id, placed_at, order_id);
create index orders_by_state on orders (brand_id, state, placed_at, order_id);

-- Refunds, one row each, under the order's version that they made.
create table order_refunds (
	order_id integer not null,
	version integer not null,
	brand_id integer not null,
	amount bigint not null,
	reason text not null,
	notify_customer boolean not null,
	account_id integer not null,
	refunded_at bigint not null,
	primary key (order_id, version)
);

-- Answers of repeatable calls, sealed under the caller's key; see internal/idempotency.
create table idempotency_keys (
	id text primary key,
	brand_id integer not null,
	subject text not null,
	body_hash text not null,
	created_at bigint not null,
	answer {{blob}}
);

create index idempotency_keys_by_age on idempotency_keys (created_at);
