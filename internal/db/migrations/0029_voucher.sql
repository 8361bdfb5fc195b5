-- Vouchers: key columns beside the voucher as the contract shows it (doc), without what is counted. code is in upper case.
-- customer_id is whose it is, 0 for everybody; stores and channels hold what it is bound to as ",1,2,", and are empty for no
-- bound. version counts the changes of doc; used counts the uses that are taken, of which most_uses are allowed (0 = any
-- number); credit is what is left of a credit note, in minor units.
create table vouchers (
	voucher_id integer primary key,
	brand_id integer not null,
	code text not null,
	kind text not null,
	sub_kind text not null,
	customer_id integer not null,
	stores text not null,
	channels text not null,
	automatic boolean not null,
	enabled boolean not null,
	starts_at bigint not null,
	expires_at bigint not null,
	most_uses integer not null,
	version integer not null,
	used integer not null,
	credit bigint not null,
	doc text not null
);

create unique index vouchers_by_code on vouchers (brand_id, code);
create index vouchers_by_brand on vouchers (brand_id, voucher_id);
create index vouchers_by_customer on vouchers (brand_id, customer_id, voucher_id);
create index vouchers_automatic on vouchers (brand_id, automatic, voucher_id);

-- Uses that are taken: by an order (order_id), or by somebody else under a key of theirs (order_id 0). One that is given
-- back has no row. Money is in minor units: what the voucher took off, what of it came out of a credit note, and what the
-- order cost.
create table voucher_uses (
	voucher_id integer not null,
	taken_by text not null,
	brand_id integer not null,
	order_id integer not null,
	customer_id integer not null,
	discount bigint not null,
	credit bigint not null,
	order_amount bigint not null,
	used_at bigint not null,
	primary key (voucher_id, taken_by)
);

create index voucher_uses_by_time on voucher_uses (voucher_id, used_at);
create index voucher_uses_by_customer on voucher_uses (voucher_id, customer_id);
create index voucher_uses_by_order on voucher_uses (order_id);
