package idempotency

import (
	"context"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/worker"
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

// Run sweeps from time to time until ctx ends. Nothing waits for it.
func Run(ctx context.Context, d *db.DB) error {
	return worker.Run(ctx, "deleting old answers", sweepGap, nil, func(ctx context.Context) (int, error) { return Sweep(ctx, d) })
}
