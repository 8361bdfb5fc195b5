-- Menus: one versioned document each, as GET answers it, and what lists need beside it. show_tax says whether diners see
-- tax on the menu.
create table menus (
	id integer primary key,
	brand_id integer not null,
	name text not null,
	version integer not null,
	modified_at bigint not null,
	locked boolean not null,
	integrated boolean not null,
	show_tax boolean not null,
	doc text not null
);

create index menus_by_brand on menus (brand_id, id);
