package sink

import (
	"context"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
)

// worker moves one sink on the node that owns it.
type worker struct {
	*Sinks
	sink  *sink
	lease *event.Lease
	lanes [lanes]*lane
}

func newWorker(s *Sinks, k *sink, lease *event.Lease) *worker {
	w := &worker{Sinks: s, sink: k, lease: lease}
	for i := range w.lanes {
		w.lanes[i] = newLane(w)
	}
	return w
}

// run is over when ctx is, when the lease is lost or when something fails that only a fresh start mends.
func (w *worker) run(ctx context.Context) error {
	watch := w.log.Watch()
	defer watch.Close()
	if err := w.start(ctx); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, l := range w.lanes {
		group.Go(func() error { return l.run(ctx) })
	}
	group.Go(func() error {
		look := time.NewTicker(headsEvery)
		defer look.Stop()
		trim := time.NewTicker(trimEvery)
		defer trim.Stop()
		w.look(ctx)
		for {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-watch.Ready():
				for _, b := range watch.Take() {
					w.lane(b).moved(b)
				}
			case <-look.C:
				w.look(ctx)
			case <-trim.C:
				w.trim(ctx)
			}
		}
	})
	return group.Wait()
}

func (w *worker) lane(brand int) *lane { return w.lanes[brand%lanes] }

// start reads the cursors. The first time ever it places them: a brand without one is a later one.
func (w *worker) start(ctx context.Context) error {
	var all []event.Follower
	err := w.db.Write(ctx, func(tx *db.Tx) error {
		if err := w.lease.Guard(tx); err != nil {
			return err
		}
		first, err := tx.Exec(sqlStartSink, w.sink.Name, clock.Micros(clock.Now()))
		if err != nil {
			return err
		}
		if first == 1 {
			if err := w.place(tx); err != nil {
				return err
			}
		}
		all, err = event.Followers(tx, leaseName(w.sink.Name), 0)
		return err
	})
	if err != nil {
		return err
	}
	for _, f := range all {
		if f.Name == leaseName(w.sink.Name) { // the prefix of another's name, too
			w.lane(f.Brand).brands[f.Brand] = &brand{Follower: f}
		}
	}
	return nil
}

// place begins a sink in every brand that has a log.
func (w *worker) place(tx *db.Tx) error {
	heads, err := event.Heads(tx)
	if err != nil {
		return err
	}
	for id, at := range heads {
		if w.sink.From == Oldest {
			kept, err := event.Read(tx, id, 0, 1)
			if err != nil {
				return err
			}
			if len(kept) > 0 {
				at = kept[0].Position - 1
			}
		}
		if err := event.Place(tx, leaseName(w.sink.Name), id, at); err != nil {
			return err
		}
	}
	return nil
}

// look tells the lanes all heads.
func (w *worker) look(ctx context.Context) {
	var heads map[int]int64
	err := w.db.Read(ctx, func(tx *db.Tx) (err error) { heads, err = event.Heads(tx); return err })
	if err != nil {
		if ctx.Err() == nil {
			slog.Warn("sink: the heads of the logs could not be read", "sink", w.sink.Name, "error", err)
		}
		return
	}
	for id, head := range heads {
		w.lane(id).head(id, head)
	}
}

func (w *worker) trim(ctx context.Context) {
	err := w.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(sqlTrimLost, w.sink.Name, clock.Micros(clock.Now().Add(-lostKept)))
		return err
	})
	if err != nil && ctx.Err() == nil {
		slog.Warn("sink: old lost ranges could not be deleted", "sink", w.sink.Name, "error", err)
	}
}

// lag is how much was not sent yet, and how old the oldest of it is.
func (w *worker) lag(now time.Time) (events int64, seconds float64) {
	for _, l := range w.lanes {
		n, since := l.lag()
		events += n
		if !since.IsZero() {
			seconds = max(seconds, now.Sub(since).Seconds())
		}
	}
	return events, seconds
}
