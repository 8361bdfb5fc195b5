package idempotency

import (
	"context"
	"log/slog"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
)

const (
	// sweepGap is how long the worker rests after it has found nothing more to delete.
	sweepGap = 10 * time.Minute
	// sweepBatch bounds one transaction.
	sweepBatch = 200
)

// Sweep deletes a batch of answers that are older than Keep and returns how many; the caller repeats while it is not 0.
func Sweep(ctx context.Context, d *db.DB) (n int, err error) {
	err = d.Write(ctx, func(tx *db.Tx) error {
		deleted, err := tx.Exec(sqlSweep, clock.Micros(clock.Now().Add(-Keep)), sweepBatch)
		n = int(deleted)
		return err
	})
	return n, err
}

// Run sweeps from time to time until ctx ends. A failure is logged and tried again later: nothing waits for it.
func Run(ctx context.Context, d *db.DB) error {
	tick := time.NewTicker(sweepGap)
	defer tick.Stop()
	for {
		n, err := Sweep(ctx, d)
		if err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "old answers were not deleted", "error", err)
		}
		if err == nil && n > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
