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
