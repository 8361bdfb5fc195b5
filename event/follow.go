package event

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"

	"comanda/internal/db"
	"comanda/internal/fault"
)

const (
	followBatch = 256
	followRest  = 250 * time.Millisecond // after what is new was handled, so that more is settled at once
	followPause = 5 * time.Second        // until what failed is tried again
)

// Handle looks at events of one brand, in order, and returns what is to be stored because of them, nil for nothing. That
// runs in the transaction that settles the events, so whatever happens it takes effect once.
type Handle func(ctx context.Context, brand int, events []Event) (store func(tx *db.Tx) error, err error)

// Follow handles the events of every brand, on one node at a time, until ctx ends: from the position where name stopped
// last, the first time from the oldest event that is kept. When a brand's events cannot be handled, the same ones come again after
// a pause, and the other brands go on. It is for what need not happen at once: events are gathered for a moment.
func (l *Log) Follow(ctx context.Context, name string, handle Handle) error {
	for ctx.Err() == nil {
		err := l.followOwned(ctx, name, handle)
		if ctx.Err() == nil && !errors.Is(err, ErrFenced) {
			slog.Warn("log: follower pauses", "name", name, "for", followPause, "error", err)
			sleep(ctx, followPause)
		}
	}
	return nil
}

// following is one node's time as the owner of a follower.
type following struct {
	*Log
	name   string
	handle Handle
	lease  *Lease
	at     map[int]Follower // by brand, as far as they are known
	active map[int]bool     // brands that may have events to handle
	failed map[int]bool     // brands that wait for the end of a pause
}

// followOwned follows while the node owns the name. Losing it is ErrFenced.
func (l *Log) followOwned(ctx context.Context, name string, handle Handle) (err error) {
	lease, err := l.Acquire(ctx, name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lease.Release()) }()
	ctx, cancel := lease.Context(ctx)
	defer cancel()
	watch := l.Watch()
	defer watch.Close()
	f := &following{Log: l, name: name, handle: handle, lease: lease, at: map[int]Follower{}, active: map[int]bool{}, failed: map[int]bool{}}
	if err := f.start(ctx); err != nil {
		return err
	}
	again := time.NewTicker(followPause)
	defer again.Stop()
	busy := make(chan struct{})
	close(busy)
	for {
		var more <-chan struct{} // ready while there is something to do
		if len(f.active) > 0 {
			more = busy
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-again.C:
			maps.Copy(f.active, f.failed)
			clear(f.failed)
		case <-watch.Ready():
		case <-more:
		}
		for _, brand := range watch.Take() {
			f.active[brand] = !f.failed[brand]
		}
		if err := f.round(ctx); err != nil {
			return err
		}
		if len(f.active) == 0 {
			sleep(ctx, followRest)
		}
	}
}

// start reads how far the follower is, and which brands have more.
func (f *following) start(ctx context.Context) error {
	return f.db.Read(ctx, func(tx *db.Tx) error {
		clear(f.at)
		all, err := Followers(tx, f.name, 0)
		if err != nil {
			return err
		}
		for _, one := range all {
			if one.Name == f.name { // the prefix of another's name, too
				f.at[one.Brand] = one
			}
		}
		heads, err := Heads(tx)
		for brand, head := range heads {
			f.active[brand] = f.at[brand].Cursor < head
		}
		return err
	})
}

// round takes one step with each brand that may have events.
func (f *following) round(ctx context.Context) error {
	for _, brand := range slices.Sorted(maps.Keys(f.active)) {
		more, err := f.active[brand], error(nil)
		if more {
			more, err = f.step(ctx, brand)
		}
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, ErrFenced):
			return err
		case err != nil:
			slog.Warn("log: a brand's events could not be handled; it is tried again", "name", f.name, "brand", brand, "error", err)
			f.failed[brand] = true
			delete(f.at, brand) // what is stored is asked again: a commit whose answer was lost may have moved it
		}
		if !more {
			delete(f.active, brand)
		}
	}
	return nil
}

// step handles and settles some events of a brand, and reports whether there may be more.
func (f *following) step(ctx context.Context, brand int) (bool, error) {
	at, err := f.follower(ctx, brand)
	if err != nil {
		return false, err
	}
	events, err := f.Read(ctx, brand, at.Cursor, followBatch)
	if fault.KindOf(err) == fault.Gone {
		if at.Cursor, err = f.kept(ctx, brand); err == nil {
			events, err = f.Read(ctx, brand, at.Cursor, followBatch)
		}
	}
	if err != nil || len(events) == 0 {
		return false, err
	}
	store, err := f.handle(ctx, brand, events)
	if err != nil {
		return false, err
	}
	settled := false
	err = f.db.Write(context.WithoutCancel(ctx), func(tx *db.Tx) error {
		settled = false
		if err := f.lease.Guard(tx); err != nil { // it waits for a transaction of this node that may still commit
			return err
		}
		now, err := Load(tx, f.name, brand)
		if err != nil || now != f.at[brand] {
			return err
		}
		if store != nil {
			if err := store(tx); err != nil {
				return err
			}
		}
		at = now
		at.Cursor = events[len(events)-1].Position
		settled, err = f.lease.Save(tx, at)
		return err
	})
	if err != nil {
		return false, err
	}
	if f.at[brand] = at; !settled { // placed anew
		delete(f.at, brand)
	}
	return !settled || len(events) == followBatch, nil
}

// follower is how far the follower is in a brand's log; on first use it is made.
func (f *following) follower(ctx context.Context, brand int) (at Follower, err error) {
	if at, ok := f.at[brand]; ok {
		return at, nil
	}
	err = f.db.Write(ctx, func(tx *db.Tx) error {
		if err := f.lease.Guard(tx); err != nil {
			return err
		}
		if _, err := tx.Exec(sqlPlaceNew, f.name, brand, 0); err != nil {
			return err
		}
		at, err = Load(tx, f.name, brand)
		return err
	})
	if err == nil {
		f.at[brand] = at
	}
	return at, err
}

// kept is the position before the oldest event that is kept.
func (f *following) kept(ctx context.Context, brand int) (position int64, err error) {
	err = f.db.Read(ctx, func(tx *db.Tx) error {
		oldest, err := OldestKept(tx, brand)
		position = max(oldest.Position-1, 0)
		return err
	})
	return position, err
}
