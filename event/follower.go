package event

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"comanda/internal/db"
)

// Follower is a durable cursor: all events of the brand up to Cursor are settled for Name.
type Follower struct {
	Name   string
	Brand  int
	Cursor int64
	Epoch  int64 // rises each time the cursor is placed anew
}

// Place creates a follower at a position, or moves it there: what its owner then saves of the earlier one is refused.
// The name of a dropped follower must not be used again.
func Place(tx *db.Tx, name string, brand int, position int64) error {
	_, err := tx.Exec(sqlPlace, name, brand, position)
	return err
}

// PlaceAtHead is Place at the brand's head as tx leaves it: after the last event that tx appends.
func (l *Log) PlaceAtHead(tx *db.Tx, name string, brand int) {
	l.Then(tx, db.Stmt{SQL: sqlPlaceAtHead, Args: []any{name, brand}})
}

// Drop removes a follower.
func Drop(tx *db.Tx, name string, brand int) error {
	_, err := tx.Exec(sqlDrop, name, brand)
	return err
}

// Load returns one follower, or db.ErrNoRows.
func Load(tx *db.Tx, name string, brand int) (f Follower, err error) {
	return f, tx.QueryRow(sqlFollower, name, brand).Scan(&f.Name, &f.Brand, &f.Cursor, &f.Epoch)
}

// Followers returns the followers whose name begins with prefix, of one brand or, with brand 0, of all, by brand.
func Followers(tx *db.Tx, prefix string, brand int) ([]Follower, error) {
	rows, err := tx.Query(sqlFollowers, prefix, len(prefix), brand)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []Follower
	for rows.Next() {
		var f Follower
		if err := rows.Scan(&f.Name, &f.Brand, &f.Cursor, &f.Epoch); err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, rows.Err()
}

// Save moves a follower to f.Cursor, guarded by the lease. It is false, and nothing changes, when the follower was
// dropped or placed anew since f was read.
func (le *Lease) Save(tx *db.Tx, f Follower) (bool, error) {
	if err := le.Guard(tx); err != nil {
		return false, err
	}
	n, err := tx.Exec(sqlSave, f.Name, f.Brand, f.Epoch, f.Cursor)
	return n == 1, err
}

const (
	followBatch   = 256
	followBackOff = time.Minute // at most, from a second on
)

// Follow calls fn with every event of a brand, in order and at least once, on one node at a time, until ctx ends: from
// the position where name stopped last, the first time from the first event. When fn fails the same events come again after a pause.
func (l *Log) Follow(ctx context.Context, name string, brand int, fn func(context.Context, []Event) error) error {
	pause := time.Second
	for ctx.Err() == nil {
		progress, err := l.followOwned(ctx, name, brand, fn)
		if ctx.Err() != nil {
			break
		}
		if progress {
			pause = time.Second
		}
		if errors.Is(err, ErrFenced) {
			continue
		}
		slog.Warn("log: follower pauses", "name", name, "brand", brand, "for", pause, "error", err)
		sleep(ctx, pause)
		pause = min(2*pause, followBackOff)
	}
	return nil
}

// followOwned follows while the node owns the name. Losing it is ErrFenced.
func (l *Log) followOwned(ctx context.Context, name string, brand int, fn func(context.Context, []Event) error) (progress bool, err error) {
	lease, err := l.Acquire(ctx, name)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, lease.Release()) }()
	ctx, cancel := lease.Context(ctx)
	defer cancel()
	f, err := l.follower(ctx, lease, name, brand)
	for err == nil {
		var events []Event
		if events, err = l.Next(ctx, f.Brand, f.Cursor, followBatch); err != nil {
			break
		}
		if !lease.Valid() {
			return progress, ErrFenced
		}
		if err = fn(ctx, events); err != nil {
			break
		}
		f.Cursor = events[len(events)-1].Position
		saved := false
		err = l.db.Write(context.WithoutCancel(ctx), func(tx *db.Tx) (err error) {
			saved, err = lease.Save(tx, f)
			return err
		})
		if err == nil && !saved { // placed anew: go on from there
			f, err = l.follower(ctx, lease, name, brand)
		}
		progress = true
	}
	if err != nil && errors.Is(context.Cause(ctx), ErrFenced) {
		err = ErrFenced
	}
	return progress, err
}

// follower reads a follower's row, making it on first use.
func (l *Log) follower(ctx context.Context, lease *Lease, name string, brand int) (f Follower, err error) {
	err = l.db.Write(ctx, func(tx *db.Tx) error {
		if err := lease.Guard(tx); err != nil {
			return err
		}
		if _, err := tx.Exec(sqlPlaceNew, name, brand, 0); err != nil {
			return err
		}
		f, err = Load(tx, name, brand)
		return err
	})
	return f, err
}
