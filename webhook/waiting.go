package webhook

import (
	"context"
	"fmt"
	"time"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
)

// Waiting is an event that failed, or waits behind one of its subject that did.
type Waiting struct {
	Position    int64
	EventID     string
	EventName   string
	Subject     string // such as order/4817
	EventAt     time.Time
	Held        bool      // it waits for the one before it
	Attempts    int       // that failed
	FirstFailed time.Time // zero = it was not tried yet
	Next        time.Time // when it may be tried; zero while the one before it has not failed
}

// Waiting lists one page (from 1 on) of what waits for a subscription outside the window, in the sequence of the log, and how
// many there are.
func (w *Webhooks) Waiting(
	ctx context.Context, c *account.Caller, appID, oauthAppID string, id, page, limit int,
) (out []Waiting, total int, err error) {
	if _, _, err := w.open(ctx, c, appID, oauthAppID, id); err != nil {
		return nil, 0, err
	}
	err = w.db.Read(ctx, func(tx *db.Tx) error {
		out = nil
		if err := tx.QueryRow(sqlCountWaiting, id).Scan(&total); err != nil {
			return err
		}
		rows, err := tx.Query(sqlWaiting, id, limit, (page-1)*limit)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var x Waiting
			var state rowState
			var created, failed, next int64
			if err := rows.Scan(&x.Position, &x.EventID, &x.EventName, &x.Subject, &created, &state, &x.Attempts, &failed, &next); err != nil {
				return err
			}
			x.Held = state == rowHeld
			x.EventAt, x.FirstFailed, x.Next = clock.FromMicros(created), clock.FromMicros(failed), clock.FromMicros(next)
			out = append(out, x)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, 0, fmt.Errorf("webhook: waiting of %d: %w", id, err)
	}
	return out, total, nil
}
