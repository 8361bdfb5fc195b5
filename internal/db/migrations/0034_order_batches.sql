-- Orders that are sent out together. A batch takes orders until it closes, by the clock of its brand, and is published then.
-- A store has one at most that is not.
create table order_batches (
	id integer primary key,
	brand_id integer not null,
	store_id integer not null,
	code text not null,
	created_at bigint not null,
	closes_at bigint not null,
	published boolean not null
);

create index order_batches_by_brand on order_batches (brand_id, created_at);

create unique index order_batches_open on order_batches (store_id) where published = false;

create table order_batch_orders (
	batch_id integer not null,
	order_id integer not null,
	primary key (batch_id, order_id)
);
