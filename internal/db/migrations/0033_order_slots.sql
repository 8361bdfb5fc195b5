-- How an order is got, beside when it is wanted: a store may take only so many orders of one delivery type at a time, and
-- those that it has are counted.
alter table orders add column delivery_type text not null default 'Pickup';

update orders set delivery_type = 'Delivery' where doc like '%"DeliveryType":"Delivery"%';

create index orders_wanted on orders (store_id, delivery_type, requested_for);

-- A row that an order takes before it counts, where its store has limits: so the orders of one store and type follow each
-- other to their commits. taken says how often that was.
create table order_turns (
	store_id integer not null,
	delivery_type text not null,
	taken bigint not null,
	primary key (store_id, delivery_type)
);
