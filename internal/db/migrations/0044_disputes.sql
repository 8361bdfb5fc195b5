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
