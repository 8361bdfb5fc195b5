-- What the customer's bank has taken back of an order: it cannot be refunded any more.
alter table orders add column taken_back bigint not null default 0;
update orders set taken_back = refundable - refunded where payment_id in (select payment_id from payments where disputed);
