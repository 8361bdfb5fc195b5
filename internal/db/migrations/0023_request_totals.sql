-- Requests of nobody whom the brand knows are in blocks of their own, because they are bounded apart. Counts of a block's requests:
-- all, those answered with 4xx (refused) and with 5xx (failed). A block from before has no counts.
alter table request_blocks add column strangers boolean not null default false;
alter table request_blocks add column requests integer not null default 0;
alter table request_blocks add column refused integer not null default 0;
alter table request_blocks add column failed integer not null default 0;

create index request_blocks_totals on request_blocks (brand_id, last_at, first_at, requests, refused, failed);
