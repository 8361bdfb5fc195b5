package account

import (
	"context"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/worker"
)

const (
	sweepEvery = 10 * time.Minute
	sweepChunk = 500
)

// Run deletes what has expired (sessions, PINs, links, known sites) until ctx ends.
func (a *Accounts) Run(ctx context.Context) error {
	return worker.Run(ctx, "sweeping expired sessions", sweepEvery, nil, a.sweepOnce)
}

// sweepOnce deletes up to sweepChunk expired rows of each kind and returns how many they were.
func (a *Accounts) sweepOnce(ctx context.Context) (n int, err error) {
	now := clock.Now()
	for _, s := range []struct {
		sql    string
		before time.Time
	}{
		{sqlSweepSessions, now}, {sqlSweepPINs, now}, {sqlSweepResets, now}, {sqlSweepAnswers, now}, {sqlSweepSites, now.Add(-siteLife)},
	} {
		var swept int64
		err = a.db.Write(ctx, func(tx *db.Tx) (err error) {
			swept, err = tx.Exec(s.sql, clock.Micros(s.before), sweepChunk)
			return err
		})
		if err != nil {
			return n, wrap("sweep", err)
		}
		n += int(swept)
	}
	return n, nil
}
