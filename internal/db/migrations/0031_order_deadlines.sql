-- What is to happen to an order at a time, by the clock of its brand, unless the order leaves a state before: one row for
-- each kind of deadline. It goes in the transaction that meets it, or that takes the order out of the state.
create table order_deadlines (
	order_id integer not null,
	kind text not null,
	brand_id integer not null,
	state text not null,
	due_at bigint not null,
	primary key (order_id, kind)
);

create index order_deadlines_by_due on order_deadlines (brand_id, due_at);

-- When the kitchen is to begin with an order, 0 for one that was placed before this migration; and the state that an order
-- was in before it was held for a review, empty while it is not.
alter table orders add column kitchen_at bigint not null default 0;
alter table orders add column held_in text not null default '';
