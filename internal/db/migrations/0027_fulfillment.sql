-- Workflows of fulfilment: the states that orders go through in the kitchen and on the road, beside their order state.
create table fulfillment_configs (
	id text primary key,
	brand_id integer not null,
	version integer not null,
	doc text not null
);

create index fulfillment_configs_by_brand on fulfillment_configs (brand_id, id);

-- The stores that a workflow names: a store is named by one at most.
create table fulfillment_stores (
	store_id integer primary key,
	brand_id integer not null,
	config_id text not null
);

create index fulfillment_stores_by_config on fulfillment_stores (config_id);
