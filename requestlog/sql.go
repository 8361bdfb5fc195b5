package requestlog

const (
	sqlInsert = `insert into request_blocks (brand_id, last_at, process, low_count, high_count, first_at, bytes, body, strangers,
		requests, refused, failed) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict do nothing`

	// Blocks with requests from $2 to $3 before the block ($4, $5, $6), the newest first.
	sqlBlocks = `select last_at, process, low_count, body from request_blocks
		where brand_id = $1 and last_at >= $2 and first_at < $3 and (last_at, process, low_count) < ($4, $5, $6)
		order by last_at desc, process desc, low_count desc limit $7`

	sqlTotals = `select coalesce(sum(requests), 0), coalesce(sum(refused), 0), coalesce(sum(failed), 0) from request_blocks
		where brand_id = $1 and last_at >= $2 and first_at < $3`

	sqlByID = `select body from request_blocks
		where brand_id = $1 and process = $2 and low_count <= $3 and high_count >= $3`

	sqlTrimAge = `delete from request_blocks where (brand_id, last_at, process, low_count) in (
		select brand_id, last_at, process, low_count from request_blocks where last_at < $1 order by last_at limit $2)`
	// $1 is a brand's share, $2 the part of it that is for requests of nobody known.
	sqlTrimShares = `delete from request_blocks where (brand_id, last_at, process, low_count) in (
		select brand_id, last_at, process, low_count from (
			select brand_id, last_at, process, low_count, strangers, sum(bytes) over
				(partition by brand_id, strangers order by last_at desc, process, low_count) as newer from request_blocks) b
		where newer > case when strangers then cast($2 as bigint) else cast($1 as bigint) end order by last_at limit $3)`
	// Where there is too much, requests of nobody known go before all others.
	sqlTrimAll = `delete from request_blocks where (brand_id, last_at, process, low_count) in (
		select brand_id, last_at, process, low_count from (
			select brand_id, last_at, process, low_count, sum(bytes) over
				(order by strangers, last_at desc, brand_id, process, low_count) as newer from request_blocks) b
		where newer > $1 order by newer desc limit $2)`
)
