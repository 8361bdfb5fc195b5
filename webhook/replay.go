package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/internal/idempotency"
)

// The states of a replay.
const (
	ReplayRunning   = "running"
	ReplayDone      = "done"      // everything was tried
	ReplayFailed    = "failed"    // it was given up; Reason says why
	ReplayCancelled = "cancelled" // somebody ended it
)

// Limits of replays.
const (
	maxReplayIDs = 1000 // events named one by one
	maxReplays   = 5    // running at once to one subscription
	replaysKept  = 30 * 24 * time.Hour
)

// Replay is one order to send events of the past again, and how far it is.
type Replay struct {
	ID           int
	Subscription int // whose events
	Target       int // who gets them
	State        string
	Reason       string
	Settled      int64 // every event up to this position is done with
	Last         int64 // the last position
	Delivered    int64
	Failed       int64
	Missing      int64 // positions that the log no longer has
	Created      time.Time
	Ended        time.Time

	brand  int
	chosen selection
}

// Replay sends events of the past to a subscription again: the same bytes under the same webhook-id, marked by the header
// X-Comanda-Replay, apart from the live deliveries and their sequence. It returns at once; the work goes on by itself.
// The receiving subscription must be enabled and not paused; more than five replays at once to one are a Conflict. A repeat with
// the caller's Idempotency-Key returns the same.
func (w *Webhooks) Replay(ctx context.Context, c *account.Caller, appID, oauthAppID string, id int, in Wanted) (*Replay, error) {
	b, s, err := w.open(ctx, c, appID, oauthAppID, id)
	if err != nil {
		return nil, err
	}
	target := s
	if in.Target != 0 && in.Target != s.ID {
		if target, err = w.load(ctx, in.Target); err == nil && target.Brand != b.ID {
			err = errNoSubscription()
		}
		if err != nil {
			return nil, err
		}
	}
	if err := canReceive(target); err != nil {
		return nil, err
	}
	chosen, err := w.choose(ctx, b, s, in)
	if err != nil {
		return nil, err
	}
	r := &Replay{
		Subscription: s.ID, Target: target.ID, State: ReplayRunning, Last: chosen.last(), Created: clock.Now(), brand: b.ID, chosen: chosen,
	}
	text, err := json.Marshal(chosen)
	if err != nil {
		return nil, err
	}
	claim, err := c.Claim(b.ID, "ReplayWebhook", s.ID, in)
	if err != nil {
		return nil, err
	}
	if r.ID, err = w.db.NextID(ctx, "webhook_replays"); err != nil {
		return nil, fmt.Errorf("webhook: replay: %w", err)
	}
	made, err := idempotency.Once(ctx, w.db, claim, r.ID, func(tx *db.Tx) error {
		n, err := tx.Exec(sqlInsertReplay, r.ID, b.ID, s.ID, target.ID, c.Account, string(text), clock.Micros(r.Created), maxReplays)
		if err != nil {
			return fmt.Errorf("webhook: replay: %w", err)
		}
		if n == 0 {
			return fault.Newf(fault.Conflict, "%d replays to this webhook subscription are running, the most at once.", maxReplays).
				With("Wait until one is done, or cancel one.")
		}
		tx.AfterCommit(func() { notify(w.replays) })
		return w.accounts.Audit(tx, c, b.ID, "webhook.replayed", "webhook/"+strconv.Itoa(target.ID), "")
	})
	if err == nil && made != r.ID {
		return w.GetReplay(ctx, c, appID, oauthAppID, id, made) // of the first of two calls
	}
	return r, err
}

// canReceive refuses a subscription to which nothing may be sent.
func canReceive(s *Subscription) error {
	switch {
	case !s.Enabled:
		return fault.New(fault.Conflict, "The webhook subscription is disabled, so nothing can be sent to it.").
			With(`Enable it with UpdateWebhookSubscription and {"Enabled": true} first.`)
	case !s.pausedAt.IsZero():
		return fault.New(fault.Conflict, "The webhook subscription is paused, so nothing can be sent to it.").With("Resume it first.")
	}
	return nil
}

// Replays lists one page (from 1 on) of a subscription's replays, newest first, and how many there are. Finished ones are
// kept for 30 days.
func (w *Webhooks) Replays(
	ctx context.Context, c *account.Caller, appID, oauthAppID string, id, page, limit int,
) (out []*Replay, total int, err error) {
	if _, _, err := w.open(ctx, c, appID, oauthAppID, id); err != nil {
		return nil, 0, err
	}
	err = w.db.Read(ctx, func(tx *db.Tx) error {
		out = nil
		if err := tx.QueryRow(sqlCountReplays, id).Scan(&total); err != nil {
			return err
		}
		rows, err := tx.Query(sqlReplaysOf, id, limit, (page-1)*limit)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			r, err := scanReplay(rows)
			if err != nil {
				return err
			}
			out = append(out, r)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, 0, fmt.Errorf("webhook: replays of %d: %w", id, err)
	}
	return out, total, nil
}

// GetReplay returns one replay of a subscription.
func (w *Webhooks) GetReplay(ctx context.Context, c *account.Caller, appID, oauthAppID string, id, replay int) (r *Replay, err error) {
	if _, _, err := w.open(ctx, c, appID, oauthAppID, id); err != nil {
		return nil, err
	}
	err = w.db.Read(ctx, func(tx *db.Tx) error {
		r, err = loadReplay(tx, replay)
		return err
	})
	if err == nil && r.Subscription != id {
		err = errNoReplay()
	}
	return r, err
}

// CancelReplay ends a replay; what is in flight ends with it. One that has ended stays as it is.
func (w *Webhooks) CancelReplay(ctx context.Context, c *account.Caller, appID, oauthAppID string, id, replay int) error {
	if _, err := w.GetReplay(ctx, c, appID, oauthAppID, id, replay); err != nil {
		return err
	}
	return w.db.Write(ctx, func(tx *db.Tx) error {
		tx.AfterCommit(func() { notify(w.replays) })
		_, err := tx.Exec(sqlEndReplay, replay, ReplayCancelled, "", clock.Micros(clock.Now()))
		return err
	})
}

func errNoReplay() error {
	return fault.New(fault.NotFound, "The webhook subscription has no such replay.").
		With("GET …/subscriptions/{webhookSubscriptionId}/replays lists them; finished ones are kept for 30 days.")
}

func loadReplay(tx *db.Tx, id int) (*Replay, error) {
	r, err := scanReplay(tx.QueryRow(sqlReplay, id))
	if errors.Is(err, db.ErrNoRows) {
		return nil, errNoReplay()
	}
	return r, err
}

func scanReplay(row interface{ Scan(...any) error }) (*Replay, error) {
	r := &Replay{}
	var text string
	var created, ended int64
	err := row.Scan(&r.ID, &r.brand, &r.Subscription, &r.Target, &text, &r.State, &r.Reason, &r.Settled, &r.Delivered, &r.Failed,
		&r.Missing, &created, &ended)
	if err != nil {
		return nil, err
	}
	r.Created, r.Ended = clock.FromMicros(created), clock.FromMicros(ended)
	if err := json.Unmarshal([]byte(text), &r.chosen); err != nil {
		return nil, fmt.Errorf("webhook: replay %d: %w", r.ID, err)
	}
	r.Last = r.chosen.last()
	return r, nil
}

// trimReplays forgets replays that ended long ago.
func (w *Webhooks) trimReplays(ctx context.Context) (n int, err error) {
	err = w.db.Write(ctx, func(tx *db.Tx) error {
		gone, err := tx.Exec(sqlTrimReplays, clock.Micros(clock.Now().Add(-replaysKept)))
		n = int(gone)
		return err
	})
	return n, err
}
