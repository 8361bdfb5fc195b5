-- Payments by card, one per order, made in the transaction that reserves the order. amount is what the customer is asked for.
-- Of that, captured and refunded are what the provider has confirmed. reference is the provider's own name of the payment, empty until
-- it has said one; action is what the customer is to do, as JSON; token is the customer's means of payment, sealed, and null
-- once it is not needed any more. event_id is the last event of the transaction that placed the order, empty before it.
create table payments (
	payment_id text primary key,
	brand_id integer not null,
	order_id integer not null,
	provider text not null,
	currency text not null,
	amount bigint not null,
	state text not null,
	captured bigint not null,
	refunded bigint not null,
	disputed boolean not null,
	reference text not null,
	description text not null,
	reason text not null,
	action text not null,
	event_id text not null,
	token {{blob}},
	created_at bigint not null,
	expires_at bigint not null
);

create unique index payments_by_order on payments (order_id);
create index payments_by_reference on payments (brand_id, reference);

-- What is to be done at a provider, written together with what owes it. The operations of a payment are done in the order of
-- seq, each until it is settled. due_at is when it is tried next, in real time.
create table payment_operations (
	payment_id text not null,
	seq integer not null,
	brand_id integer not null,
	kind text not null,
	amount bigint not null,
	state text not null,
	attempts integer not null,
	due_at bigint not null,
	reason text not null,
	created_at bigint not null,
	settled_at bigint not null,
	primary key (payment_id, seq)
);

create index payment_operations_due on payment_operations (state, due_at);

-- A brand's accounts with providers: the one that is enabled takes new payments, the others settle old ones. secrets are
-- sealed.
create table payment_accounts (
	brand_id integer not null,
	provider text not null,
	enabled boolean not null,
	publishable_key text not null,
	secrets {{blob}},
	changed_at bigint not null,
	primary key (brand_id, provider)
);

-- What the simulated provider knows: a payment each. notify_at is when it sends its next notice, 0 for never.
create table simulated_payments (
	reference text primary key,
	brand_id integer not null,
	version integer not null,
	notify_at bigint not null,
	doc text not null
);

create index simulated_payments_to_notify on simulated_payments (notify_at);

-- The payment of an order, empty where it is paid in cash. An order that is not placed yet, because its payment is not
-- authorized, has placed_at 0.
alter table orders add column payment_id text not null default '';
