-- What an order is found by: name, phone number, e-mail address and tracking code, folded by the program, since the engines
-- disagree about letters beyond ASCII. Orders that are there already are folded as the engine can.
alter table orders add column searched text not null default '';

update orders set searched = lower(customer_name || ' ' || customer_phone || ' ' || customer_email || ' ' || tracking_code);
