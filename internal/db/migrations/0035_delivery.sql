-- What is known of the delivery of an order, one JSON document in the contract's shape; empty = nothing was said yet.
alter table orders add column delivery text not null default '';
