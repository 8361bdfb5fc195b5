-- The log of API requests in blocks: what a node answered of one brand in a short time is one row. body holds the requests,
-- compressed. low_count and high_count bound the counts in their ids, which begin with the process. bytes is about what the
-- row takes on disk.
create table request_blocks (
	brand_id integer not null,
	last_at bigint not null,
	process text not null,
	low_count bigint not null,
	high_count bigint not null,
	first_at bigint not null,
	bytes bigint not null,
	body {{blob}} not null,
	primary key (brand_id, last_at, process, low_count)
);

create index request_blocks_by_age on request_blocks (last_at, brand_id, process, low_count, bytes);
create index request_blocks_by_id on request_blocks (brand_id, process, low_count, high_count);
