package oauth

import (
	"context"
	"log/slog"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
)

const (
	sweepEvery = time.Minute
	sweepChunk = 500
)

// Run makes and rotates signing keys and deletes what has expired, until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if _, err := s.rotateOnce(ctx); err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "rotating signing keys failed; it goes on later", "error", err)
		}
		more := true
		for more && ctx.Err() == nil {
			n, err := s.sweepOnce(ctx)
			if err != nil && ctx.Err() == nil {
				slog.ErrorContext(ctx, "sweeping what has expired failed; it goes on later", "error", err)
			}
			more = err == nil && n > 0
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// sweepOnce deletes up to sweepChunk expired rows of each table and returns how many they were. Tokens go before the
// authorizations that they came of.
func (s *Server) sweepOnce(ctx context.Context) (n int, err error) {
	now := clock.Micros(clock.Now())
	for _, sweep := range []string{sqlSweepTokens, sqlSweepCodes, sqlSweepAuthorizations, sqlSweepPushed, sqlSweepDevices, sqlSweepReplays} {
		var swept int64
		err = s.db.Write(ctx, func(tx *db.Tx) (err error) {
			swept, err = tx.Exec(sweep, now, sweepChunk)
			return err
		})
		if err != nil {
			return n, err
		}
		n += int(swept)
	}
	return n, nil
}
