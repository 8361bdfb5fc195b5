-- Store groups: a currency and the stores that share it.
create table store_groups (
	id integer primary key,
	brand_id integer not null,
	version integer not null,
	doc text not null
);

create index store_groups_by_brand on store_groups (brand_id, id);

-- Stores: key columns for lists and look-ups, everything else in one document. menu_id is 0 without a menu.
create table stores (
	id integer primary key,
	brand_id integer not null,
	group_id integer not null,
	menu_id integer not null,
	name text not null,
	published boolean not null,
	archived boolean not null,
	version integer not null,
	doc text not null
);

create index stores_by_brand on stores (brand_id, id);
create index stores_by_menu on stores (menu_id);
