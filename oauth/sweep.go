package oauth

import (
	"context"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/worker"
)

const (
	sweepEvery = time.Minute
	sweepChunk = 500
)

// Run makes and rotates signing keys and deletes what has expired, until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	return worker.Run(ctx, "rotating keys and sweeping what has expired", sweepEvery, nil, func(ctx context.Context) (int, error) {
		if _, err := s.rotateOnce(ctx); err != nil {
			return 0, err
		}
		return s.sweepOnce(ctx)
	})
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
