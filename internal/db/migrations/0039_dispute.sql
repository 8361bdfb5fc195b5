-- How far a dispute of a payment has come: inquiry, taken back, won or lost; empty = there is none. disputed, which says only
-- that there is one, stays for the version before.
alter table payments add column dispute text not null default '';
update payments set dispute = 'taken back' where disputed;

-- What the customer's bank has taken back of an order: it cannot be refunded any more.
alter table orders add column taken_back bigint not null default 0;
update orders set taken_back = refundable - refunded where payment_id in (select payment_id from payments where dispute <> '');
