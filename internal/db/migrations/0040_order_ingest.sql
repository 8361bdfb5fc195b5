-- Keys that name what they made: an order that another channel submits is the same order for good.
alter table idempotency_keys add column forever boolean not null default false;

drop index idempotency_keys_by_age;

create index idempotency_keys_by_age on idempotency_keys (created_at) where not forever;
