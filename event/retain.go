package event

import (
	"context"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/worker"
)

const (
	// MinRetention is the least time that events must be kept: longer than webhooks are tried (24 hours), delivery attempts
	// are logged (28 days) and what expired can be replayed (30 days), for all of these need the events.
	MinRetention = 31 * 24 * time.Hour

	retainGap   = time.Hour // between looks, when there is nothing more to delete
	retainChunk = 200       // events per transaction: a few milliseconds
)

// Retain deletes events that are older than keep, oldest first, from time to time until ctx ends. The newest event of a
// brand always stays, so that its head and the cursors there keep their sense. Readers who come too late for what was
// deleted are told so ([Resolve], [Log.Read]). Any number of nodes may do it at once.
func (l *Log) Retain(ctx context.Context, keep time.Duration) error {
	return worker.Run(ctx, "deleting old events", retainGap, nil, func(ctx context.Context) (int, error) { return l.retainOnce(ctx, keep) })
}

// retainOnce deletes one chunk of each brand that has something to delete, and returns how many events those were.
func (l *Log) retainOnce(ctx context.Context, keep time.Duration) (total int, err error) {
	var heads map[int]int64
	err = l.db.Read(ctx, func(tx *db.Tx) (err error) { heads, err = Heads(tx); return err })
	if err != nil {
		return 0, err
	}
	cutoff := clock.Now().Add(-keep)
	for brand := range heads {
		n, err := l.retainBrand(ctx, brand, cutoff)
		total += n
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

func (l *Log) retainBrand(ctx context.Context, brand int, cutoff time.Time) (int, error) {
	upTo := int64(0)
	err := l.db.Read(ctx, func(tx *db.Tx) (err error) {
		upTo, err = oldUpTo(tx, brand, clock.Micros(cutoff))
		return err
	})
	if err != nil || upTo == 0 {
		return 0, err
	}
	var n int64
	err = l.db.Write(ctx, func(tx *db.Tx) (err error) {
		n, err = tx.Exec(sqlDeleteEvents, brand, upTo)
		return err
	})
	return int(n), err
}

// oldUpTo is the last position of the next chunk to delete, 0 when there is none: what lies before the first event that is
// not old, and never the newest.
func oldUpTo(tx *db.Tx, brand int, cutoff int64) (upTo int64, err error) {
	rows, err := tx.Query(sqlAges, brand, retainChunk+1)
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()
	before := int64(0) // the row before the one that was read
	for rows.Next() {
		upTo = before
		var created int64
		if err := rows.Scan(&before, &created); err != nil {
			return 0, err
		}
		if created >= cutoff {
			return upTo, nil
		}
	}
	return upTo, rows.Err()
}
