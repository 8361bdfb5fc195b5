package webhook

import (
	"context"
	"log/slog"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
)

// How long and how much the attempt log keeps. It is dropped in whole blocks, the oldest first, in small transactions.
const (
	// DefaultLogBytes is what the attempt log takes on disk at most, as long as nothing else is said.
	DefaultLogBytes = 1 << 30

	logKept    = 28 * 24 * time.Hour
	logShare   = 8  // one subscription may have a part of the bytes
	logTrim    = 64 // blocks per transaction
	logTrimGap = 10 * time.Minute
)

// runTrim trims now and then, and after much was written, until ctx ends.
func (a *attemptLog) runTrim(ctx context.Context) {
	tick := time.NewTicker(logTrimGap)
	defer tick.Stop()
	for {
		if n, err := a.trim(ctx); err != nil && ctx.Err() == nil {
			slog.Warn("webhook: old attempts were not all deleted", "blocks", n, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-a.much:
		}
	}
}

// trim deletes the blocks that are too old, then those that are too much, and returns how many.
func (a *attemptLog) trim(ctx context.Context) (int, error) {
	a.written.Store(0)
	total := 0
	before := clock.Micros(clock.Now().Add(-logKept))
	for ctx.Err() == nil {
		var n int64
		err := a.db.Write(ctx, func(tx *db.Tx) (err error) {
			n, err = tx.Exec(sqlTrimAge, before, logTrim)
			return err
		})
		total += int(n)
		if err != nil {
			return total, err
		}
		if n < logTrim {
			break
		}
	}
	shares, all, err := a.sizes(ctx)
	if err != nil {
		return total, err
	}
	for sub, bytes := range shares {
		n, freed, err := a.shrink(ctx, sub, bytes-a.limit/logShare)
		total, all = total+n, all-freed
		if err != nil {
			return total, err
		}
	}
	n, _, err := a.shrink(ctx, 0, all-a.limit)
	return total + n, err
}

// sizes are the bytes of the subscriptions that have more than their share, and of all.
func (a *attemptLog) sizes(ctx context.Context) (shares map[int]int64, all int64, err error) {
	err = a.db.Read(ctx, func(tx *db.Tx) error {
		shares = map[int]int64{}
		if err := tx.QueryRow(sqlLogBytes).Scan(&all); err != nil {
			return err
		}
		rows, err := tx.Query(sqlLogShares, a.limit/logShare)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var sub int
			var bytes int64
			if err := rows.Scan(&sub, &bytes); err != nil {
				return err
			}
			shares[sub] = bytes
		}
		return rows.Err()
	})
	return shares, all, err
}

// shrink deletes the oldest blocks of a subscription (0 = of all) until so many bytes are free.
func (a *attemptLog) shrink(ctx context.Context, sub int, bytes int64) (n int, freed int64, err error) {
	for freed < bytes && ctx.Err() == nil {
		oldest, err := a.oldest(ctx, sub)
		if err != nil || len(oldest) == 0 {
			return n, freed, err
		}
		for i, b := range oldest {
			if freed >= bytes {
				oldest = oldest[:i]
				break
			}
			freed += b.bytes
		}
		err = a.db.Write(ctx, func(tx *db.Tx) error {
			for _, b := range oldest {
				if _, err := tx.Exec(sqlDropBlock, b.sub, b.last, b.salt); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return n, freed, err
		}
		n += len(oldest)
	}
	return n, freed, ctx.Err()
}

func (a *attemptLog) oldest(ctx context.Context, sub int) (out []block, err error) {
	err = a.db.Read(ctx, func(tx *db.Tx) error {
		out = nil
		rows, err := tx.Query(sqlOldestBlocks, sub, logTrim)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var b block
			if err := rows.Scan(&b.sub, &b.last, &b.salt, &b.bytes); err != nil {
				return err
			}
			out = append(out, b)
		}
		return rows.Err()
	})
	return out, err
}
