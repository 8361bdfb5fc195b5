-- Drivers: people who carry orders, known by their phone number (E.164) to the whole installation.
create table drivers (
	id integer primary key,
	phone text not null unique,
	name text not null,
	picture text not null,
	created_at bigint not null
);

-- A driver as a brand knows them, by the name that its staff gave them until they choose their own.
create table driver_brands (
	driver_id integer not null,
	brand_id integer not null,
	name text not null,
	primary key (driver_id, brand_id)
);

create index driver_brands_by_brand on driver_brands (brand_id);

-- Where a driver works; since is when they went on or off duty there, 0 = never.
create table driver_stores (
	driver_id integer not null,
	store_id integer not null,
	brand_id integer not null,
	online boolean not null,
	since bigint not null,
	primary key (driver_id, store_id)
);

create table driver_sessions (
	digest {{blob}} primary key,
	driver_id integer not null,
	expires_at bigint not null
);

create index driver_sessions_by_driver on driver_sessions (driver_id);

create index driver_sessions_by_expiry on driver_sessions (expires_at);

-- Where push notifications to a driver's devices go.
create table driver_devices (
	driver_id integer not null,
	token text not null,
	added_at bigint not null,
	primary key (driver_id, token)
);

-- Whose delivery an order is; 0 = nobody's of the brand.
alter table orders add column driver_id integer not null default 0;

create index orders_of_driver on orders (driver_id, state);
