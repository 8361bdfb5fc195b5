-- At which version of its menu a part last changed: a JSON object of numeric id → version; "0" is the menu's own members.
alter table menus add column parts text not null default '{}';

-- Changes that revert by themselves: what a member of a part goes back to, as JSON, and when, by the clock of the brand.
create table menu_undos (
	menu_id integer not null,
	part_id integer not null,
	member text not null,
	prior text not null,
	brand_id integer not null,
	due_at bigint not null,
	primary key (menu_id, part_id, member)
);

create index menu_undos_by_due on menu_undos (due_at);

-- What menus were, to go back to.
create table menu_checkpoints (
	id integer primary key,
	menu_id integer not null,
	name text not null,
	created_at bigint not null,
	show_tax boolean not null,
	doc text not null
);

create index menu_checkpoints_by_menu on menu_checkpoints (menu_id, id);
