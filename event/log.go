package event

import (
	"sync"
	"sync/atomic"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
)

// Log is the door to all brands' logs on one node. Its methods are safe for parallel use.
type Log struct {
	db      *db.DB
	lease   time.Duration // how long a beat must stand still before another node takes over
	tails   sync.Map      // brand id → *tail
	held    ringBudget
	watches watches
	signals hints
	node    node

	// Tests change and look at these.
	now     func() instant
	net     time.Duration // between queries of the heads
	fetches atomic.Int64  // reads of the database by tails
}

// Option changes a Log from its defaults.
type Option func(*Log)

// LeaseTime sets how long a node's heartbeat must stand still before another takes over its work (default 5 s). A node
// beats five times in it, and distrusts its own lease after four fifths. It must be the same on all nodes.
func LeaseTime(d time.Duration) Option { return func(l *Log) { l.lease = d } }

// NewLog makes the log of a database. On PostgreSQL, [Log.Run] must run for anything that waits or owns.
func NewLog(d *db.DB, options ...Option) *Log {
	l := &Log{db: d, lease: 5 * time.Second, now: now}
	l.net = netEverySQLite
	if l.shared() {
		l.net = netEvery
	}
	l.signals.init()
	l.node.init()
	for _, o := range options {
		o(l)
	}
	return l
}

func (l *Log) shared() bool { return l.db.Engine() == "postgres" }

// instant is one reading of both clocks: the monotonic one stands still while the machine sleeps, the wall clock may be set.
type instant struct{ mono, wall time.Time }

func now() instant { return instant{clock.Mono(), clock.Now()} }

// within says whether b is less than d after a by both clocks; a wall clock that was set back by as much counts as late.
func (a instant) within(b instant, d time.Duration) bool {
	wall := b.wall.Sub(a.wall)
	return b.mono.Sub(a.mono) < d && wall < d && wall > -d
}
