-- What an order is found by: name, phone number, e-mail address, tracking code and the ids of a channel, folded by the program,
-- since the engines disagree about letters beyond ASCII. Empty for orders that a program before this one placed.
alter table orders add column searched text not null default '';
