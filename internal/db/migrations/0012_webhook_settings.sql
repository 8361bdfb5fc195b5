-- What a subscription has beyond the contract's fields, as a JSON document; the sealed seeds of its ed25519 keys, where it
-- signs with them (the old one while a rotation runs); since when it is paused, 0 = it is not.
-- In webhook_event_names a heading of the catalogue stands for every event name below it.
alter table webhook_subscriptions add column settings text not null default '{}';
alter table webhook_subscriptions add column signing_seed {{blob}};
alter table webhook_subscriptions add column old_signing_seed {{blob}};
alter table webhook_subscriptions add column paused_at bigint not null default 0;
