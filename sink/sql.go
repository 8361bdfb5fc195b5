package sink

const (
	sqlStartSink = `insert into sinks (name, started_at) values ($1, $2) on conflict (name) do nothing`
	sqlPutLost   = `insert into sink_lost (sink, brand_id, from_position, to_position, reason, lost_at)
		values ($1, $2, $3, $4, $5, $6) on conflict (sink, brand_id, from_position) do nothing`
	sqlTrimLost = `delete from sink_lost where sink = $1 and lost_at < $2`
)
