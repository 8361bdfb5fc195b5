-- What menus were at moments that somebody may want back: the document as GET answered it then.
create table menu_checkpoints (
	checkpoint_id integer primary key,
	menu_id integer not null,
	name text not null,
	kept_at bigint not null,
	show_tax boolean not null,
	doc text not null
);

create index menu_checkpoints_by_menu on menu_checkpoints (menu_id, checkpoint_id);
