-- The orders of one customer: whether a voucher for a first order still holds.
create index orders_of_customer on orders (brand_id, customer_id, state);
