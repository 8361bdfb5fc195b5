-- What is known of a customer beyond the first contact: stores holds the stores that they ordered from as ",1,2,", cash and
-- card say how they may pay, marketing what they agreed to, app_type where they were first met. version counts the changes, and
-- erased_at is 0 until the customer is erased.
alter table customers add column stores text not null default ',';
alter table customers add column cash boolean not null default true;
alter table customers add column card boolean not null default true;
alter table customers add column marketing boolean not null default false;
alter table customers add column app_type text not null default 'Web';
alter table customers add column version integer not null default 1;
alter table customers add column erased_at bigint not null default 0;

-- Every contact of a customer, tel:+353… or mailto:…; each is one customer's. customers.contact is the first of them.
create table customer_contacts (
	brand_id integer not null,
	contact text not null,
	customer_id integer not null,
	primary key (brand_id, contact)
);

create index customer_contacts_of on customer_contacts (customer_id);

insert into customer_contacts (brand_id, contact, customer_id)
	select brand_id, contact, customer_id from customers;
insert into customer_contacts (brand_id, contact, customer_id)
	select brand_id, 'mailto:' || lower(email), min(customer_id) from customers where email <> '' group by brand_id, lower(email)
	on conflict do nothing;
update customers set email = '' where email <> '' and not exists (
	select 1 from customer_contacts k where k.brand_id = customers.brand_id and k.contact = 'mailto:' || lower(customers.email)
		and k.customer_id = customers.customer_id);
update customers set stores = ',' || (
	select string_agg(cast(s.store_id as text), ',') from (
		select distinct store_id, customer_id from orders) s where s.customer_id = customers.customer_id) || ','
	where exists (select 1 from orders o where o.customer_id = customers.customer_id);

-- What a customer said of marketing, under the customer's version that it made: when, where, and to whom (account_id 0 =
-- they said it themselves).
create table customer_consents (
	customer_id integer not null,
	version integer not null,
	brand_id integer not null,
	marketing boolean not null,
	source text not null,
	account_id integer not null,
	said_at bigint not null,
	primary key (customer_id, version)
);

-- Customers whose orders and events are still to be redacted: all orders up to done_order are.
create table customer_erasures (
	customer_id integer primary key,
	brand_id integer not null,
	actor text not null,
	asked_at bigint not null,
	done_order integer not null
);
