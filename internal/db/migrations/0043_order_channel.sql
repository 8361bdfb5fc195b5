-- Where an order comes from: the kind of app, and the id of the channel that has sold it, if one has. All orders that are there
-- were placed at the storefront.
alter table orders add column app_type text not null default 'Web';

alter table orders add column channel_order_id text not null default '';
