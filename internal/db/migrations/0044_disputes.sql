-- The disputes of a payment, each by the provider's name of it: how far it has come and how much it is about.
-- payments.disputed, which says only that there is one, stays for the version before.
create table payment_disputes (
	payment_id text not null,
	dispute_id text not null,
	stage text not null,
	amount bigint not null,
	primary key (payment_id, dispute_id)
);

insert into payment_disputes (payment_id, dispute_id, stage, amount)
	select payment_id, reference, 'taken back', captured from payments where disputed;

-- How often the provider has failed an operation with a fault that it may keep under the key of the call.
alter table payment_operations add column faults integer not null default 0;

-- When the owners were told last that an account does not do what is asked of it.
alter table payment_accounts add column told_at bigint not null default 0;
