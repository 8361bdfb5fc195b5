package db

import "sync/atomic"

// Stats are counters since Open, for /metrics. Those marked so are levels.
type Stats struct {
	Writes   int64 // calls of Write
	Reads    int64 // calls of Read
	Slow     int64 // closures that took over 50 ms
	Batches  int64 // commits on SQLite; Grouped/Batches is the mean size of a group
	Grouped  int64 // writes that were committed in those
	Reruns   int64 // SQLite closures run again, alone, after their group failed
	Retries  int64 // PostgreSQL transactions run again after a serialization failure or a deadlock
	Unknown  int64 // commits whose outcome is unknown
	Queued   int64 // level: writes waiting for the SQLite writer
	OpenConn int64 // level: connections open
	BusyConn int64 // level: connections in use by a transaction
}

type counters struct {
	writes, reads, slow, batches, grouped, reruns, retries, unknown, queued atomic.Int64
}

// Stats returns the counters.
func (d *DB) Stats() Stats {
	c := &d.stats
	s := Stats{
		Writes: c.writes.Load(), Reads: c.reads.Load(), Slow: c.slow.Load(), Batches: c.batches.Load(),
		Grouped: c.grouped.Load(), Reruns: c.reruns.Load(), Retries: c.retries.Load(), Unknown: c.unknown.Load(),
		Queued: c.queued.Load(),
	}
	s.OpenConn, s.BusyConn = d.engine.conns()
	return s
}
