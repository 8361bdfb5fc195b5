-- Events about orders that their customer is not to be told of, until they are told of or passed over; see order.ToTell.
-- orders.silent, which said it of an order's last change only, is not used any more; the program one version back writes it.
create table order_quiet_events (
	event_id text primary key
);

-- Whom a message is about, such as customer/7, so that one that waits is taken back when its person is erased. Empty = nobody.
alter table mail_outbox add column about text not null default '';

create index mail_outbox_by_about on mail_outbox (about);

-- How many messages were put for what is limited: a number, an address, a brand. what is a keyed digest, and a row is about
-- the time until ends_at.
create table mail_counts (
	what {{blob}} not null,
	ends_at bigint not null,
	messages integer not null,
	primary key (what, ends_at)
);

create index mail_counts_by_end on mail_counts (ends_at);

-- Customers are told from here on; those of brands that come later, from their first event.
insert into log_followers (name, brand_id, cursor_position, epoch) select 'notices', brand_id, position, 1 from log_heads;
