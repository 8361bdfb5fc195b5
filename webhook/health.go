package webhook

import (
	"context"
	"errors"
	"fmt"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
)

const (
	// expiredKept is how long it is remembered which events were given up.
	expiredKept = 30 * 24 * time.Hour
	// expiredTrim are the ranges that are forgotten in one transaction.
	expiredTrim = 1000
	// lagScan is how many events behind the cursor are looked at; the rest counts without a look.
	lagScan = 2000
)

// The states of a subscription.
const (
	Streaming = "streaming"
	Probing   = "probing" // the endpoint is down: it is tried now and then
	Paused    = "paused"
	Disabled  = "disabled"
)

// Health is how the delivery of a subscription goes. Any node can tell: what the delivering one knows is at most a few
// seconds old. Zero times mean never, or not.
type Health struct {
	State          string
	Since          time.Time // of the state
	Cursor         int64     // every position up to it is settled, or pending; 0 while it is disabled
	Head           int64     // the newest position of the brand's log; 0 while it is disabled
	Lag            int       // events that are not settled: pending ones, and wanted ones that the cursor has not reached
	LagSince       time.Time // creation of the oldest of them
	Pending        int       // events that failed, or wait behind one that did, and are tried again
	Held           int       // of them, those that wait behind an earlier event of their subject
	Expired        int64     // events given up in the last 30 days
	LastAttempt    time.Time
	LastStatus     int    // 0 = there was no answer
	LastError      string // why there was none
	LastSuccess    time.Time
	FailingSince   time.Time // the first failure since the last 2xx
	DisabledReason string    // why Comanda disabled it; empty when a person did, and when it is enabled
	ReplayFrom     int64     // first position that was not delivered when it was disabled last; 0 = it never was
	ReplayTo       int64     // last one; 0 = it is still disabled, so up to the newest
}

// Health tells how the delivery of a subscription goes.
func (w *Webhooks) Health(ctx context.Context, c *account.Caller, appID, oauthAppID string, id int) (*Health, error) {
	_, s, err := w.open(ctx, c, appID, oauthAppID, id)
	if err != nil {
		return nil, err
	}
	out := &Health{}
	err = w.db.Read(ctx, func(tx *db.Tx) error {
		*out = Health{}
		return out.read(tx, s)
	})
	if err != nil {
		return nil, fmt.Errorf("webhook: health of %d: %w", id, err)
	}
	return out, nil
}

func (o *Health) read(tx *db.Tx, s *Subscription) error {
	if err := o.stored(tx, s); err != nil {
		return err
	}
	var oldest int64
	since := clock.Micros(clock.Now().Add(-expiredKept))
	if err := tx.QueryRow(sqlCountExpired, s.ID, since).Scan(&o.Expired); err != nil || !s.Enabled {
		return err
	}
	if err := tx.QueryRow(sqlCountPending, s.ID).Scan(&o.Pending, &o.Held, &oldest); err != nil {
		return err
	}
	o.Lag, o.LagSince = o.Pending, clock.FromMicros(oldest)
	return o.behind(tx, s)
}

// stored reads what is known without counting: the state and the last attempt.
func (o *Health) stored(tx *db.Tx, s *Subscription) error {
	h, err := loadHealth(tx, s.ID)
	if err != nil {
		return err
	}
	var created, disabledSince int64
	var reason string
	if err := tx.QueryRow(sqlCreatedAt, s.ID).Scan(&created); err != nil {
		return err
	}
	err = tx.QueryRow(sqlDisabled, s.ID).Scan(&disabledSince, &reason, &o.ReplayFrom, &o.ReplayTo)
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return err
	}
	o.LastAttempt, o.LastStatus, o.LastError, o.LastSuccess = h.lastAttempt, h.lastStatus, h.lastError, h.lastSuccess
	o.FailingSince = h.failingSince
	switch {
	case !s.Enabled:
		o.State, o.Since, o.DisabledReason = Disabled, clock.FromMicros(disabledSince), reason
	case !s.pausedAt.IsZero():
		o.State, o.Since = Paused, s.pausedAt
	case h.probing:
		o.State, o.Since = Probing, h.since
	default:
		o.State, o.Since = Streaming, h.since
	}
	if o.Since.IsZero() {
		o.Since = clock.FromMicros(created)
	}
	return nil
}

// behind adds what the cursor has not reached.
func (o *Health) behind(tx *db.Tx, s *Subscription) error {
	f, err := event.Load(tx, followerName(s.ID), s.Brand)
	if err != nil {
		return err
	}
	head, err := event.Head(tx, s.Brand)
	o.Cursor, o.Head = f.Cursor, head
	if err != nil || head <= f.Cursor {
		return err
	}
	rows, err := tx.Query(sqlBehind, s.Brand, f.Cursor, lagScan)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	last := f.Cursor
	for rows.Next() {
		var name string
		var store int
		var created int64
		if err := rows.Scan(&last, &name, &store, &created); err != nil {
			return err
		}
		if s.wants(name, store, last) {
			o.Lag++
			o.LagSince = earlier(o.LagSince, clock.FromMicros(created))
		}
	}
	o.Lag += int(head - last)
	return rows.Err()
}

// ExpiredRange is a range of positions that was given up: too old, or no longer in the log, or in the way of newer ones.
type ExpiredRange struct {
	From, To int64
	At       time.Time
}

// Expired lists one page (from 1 on) of what was given up in the last 30 days, newest positions first, and how many ranges
// there are.
func (w *Webhooks) Expired(
	ctx context.Context, c *account.Caller, appID, oauthAppID string, id, page, limit int,
) (out []ExpiredRange, total int, err error) {
	if _, _, err := w.open(ctx, c, appID, oauthAppID, id); err != nil {
		return nil, 0, err
	}
	since := clock.Micros(clock.Now().Add(-expiredKept))
	err = w.db.Read(ctx, func(tx *db.Tx) error {
		out = []ExpiredRange{}
		if err := tx.QueryRow(sqlCountRanges, id, since).Scan(&total); err != nil {
			return err
		}
		rows, err := tx.Query(sqlExpired, id, since, limit, (page-1)*limit)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var r ExpiredRange
			var at int64
			if err := rows.Scan(&r.From, &r.To, &at); err != nil {
				return err
			}
			r.At = clock.FromMicros(at)
			out = append(out, r)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, 0, fmt.Errorf("webhook: expired of %d: %w", id, err)
	}
	return out, total, nil
}

// trimExpired forgets some of what was given up long ago; 0 = there is no more of it.
func (w *Webhooks) trimExpired(ctx context.Context) (n int, err error) {
	err = w.db.Write(ctx, func(tx *db.Tx) error {
		gone, err := tx.Exec(sqlTrimExpired, clock.Micros(clock.Now().Add(-expiredKept)), expiredTrim)
		n = int(gone)
		return err
	})
	return n, err
}

// loadHealth reads what the last owner of a stream stored.
func loadHealth(tx *db.Tx, id int) (h health, err error) {
	var state string
	var since, attempt, success, failing, told, mailed, toldExpired int64
	err = tx.QueryRow(sqlHealth, id).Scan(&state, &since, &attempt, &h.lastStatus, &h.lastError, &success, &failing, &told,
		&mailed, &h.untold.from, &h.untold.to, &toldExpired)
	if errors.Is(err, db.ErrNoRows) {
		return health{}, nil
	}
	h.probing = state == Probing
	h.since, h.lastAttempt, h.lastSuccess = clock.FromMicros(since), clock.FromMicros(attempt), clock.FromMicros(success)
	h.failingSince, h.toldFailing = clock.FromMicros(failing), clock.FromMicros(told)
	h.mailedAt, h.toldExpired = clock.FromMicros(mailed), clock.FromMicros(toldExpired)
	return h, err
}

// put stores it.
func (h *health) put(id, brand int) db.Stmt {
	state := Streaming
	if h.probing {
		state = Probing
	}
	return db.Stmt{SQL: sqlPutHealth, Args: []any{
		id, brand, state, clock.Micros(h.since), clock.Micros(h.lastAttempt), h.lastStatus, h.lastError,
		clock.Micros(h.lastSuccess), clock.Micros(h.failingSince), clock.Micros(h.toldFailing), clock.Micros(h.mailedAt),
		h.untold.from, h.untold.to, clock.Micros(h.toldExpired),
	}}
}

// keepForReplay notes, in the transaction that disables or enables a subscription, what is not delivered because of that.
// cursor is how far the delivery had come.
func (w *Webhooks) keepForReplay(tx *db.Tx, s *Subscription, cursor int64, reason string) error {
	now := clock.Micros(clock.Now())
	if s.Enabled {
		w.log.Then(tx, db.Stmt{SQL: sqlHealthEnabled, Args: []any{s.ID, now}})
		return nil
	}
	var oldest int64
	if err := tx.QueryRow(sqlOldestPending, s.ID).Scan(&oldest); err != nil {
		return err
	}
	from := cursor + 1
	if oldest > 0 {
		from = min(from, oldest)
	}
	if _, err := tx.Exec(sqlUnpause, s.ID); err != nil {
		return err
	}
	_, err := tx.Exec(sqlHealthDisabled, s.ID, s.Brand, now, reason, from)
	return err
}
