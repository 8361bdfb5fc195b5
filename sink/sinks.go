package sink

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
)

// Sinks runs the sinks of an installation.
type Sinks struct {
	db    *db.DB
	log   *event.Log
	slug  func(tx *db.Tx, brand int) (string, error)
	sinks []*sink

	// Tests shorten it.
	firstPause time.Duration
}

// sink is one of them on this node.
type sink struct {
	Config
	sent, failed, lost atomic.Int64
	running            atomic.Pointer[worker] // nil while another node owns it
}

// Stats are figures of one sink on this node.
type Stats struct {
	Name       string
	Owned      bool  // this node sends
	Sent       int64 // messages acknowledged
	Failed     int64 // batches that were not taken and are sent again
	Lost       int64 // events that will not come
	LagEvents  int64 // not sent yet, as of the last look at the heads; 0 on a node that does not own the sink
	LagSeconds float64
}

// New makes the sinks; nothing is sent until Run. slug names a brand.
func New(d *db.DB, log *event.Log, slug func(tx *db.Tx, brand int) (string, error), configs ...Config) (*Sinks, error) {
	s := &Sinks{db: d, log: log, slug: slug, firstPause: firstPause}
	names := map[string]bool{}
	for _, c := range configs {
		if names[c.Name] {
			return nil, fmt.Errorf("two sinks are named %q: give one of them another name, as in ?name=%s-2", c.Name, c.Name)
		}
		names[c.Name] = true
		s.sinks = append(s.sinks, &sink{Config: c})
	}
	return s, nil
}

// Run sends until ctx ends. Of all nodes on one database one at a time owns a sink. When ctx ends, what is being sent may
// still be acknowledged for a little while; then the sink is given back.
func (s *Sinks) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, k := range s.sinks {
		wg.Go(func() {
			for ctx.Err() == nil {
				err := s.own(ctx, k)
				if ctx.Err() == nil && !errors.Is(err, event.ErrFenced) {
					slog.Warn("sink: pauses", "sink", k.Name, "for", ownPause, "error", err)
					sleep(ctx, ownPause)
				}
			}
		})
	}
	wg.Wait()
	return nil
}

// own sends while this node owns the sink. Losing it is ErrFenced.
func (s *Sinks) own(ctx context.Context, k *sink) (err error) {
	lease, err := s.log.Acquire(ctx, leaseName(k.Name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lease.Release()) }()
	owned, cancel := lease.Context(ctx)
	defer cancel()
	w := newWorker(s, k, lease)
	k.running.Store(w)
	defer k.running.Store(nil)
	return w.run(owned)
}

func leaseName(sink string) string { return "sink/" + sink }

// Stats returns the figures of all sinks.
func (s *Sinks) Stats() []Stats {
	out := make([]Stats, 0, len(s.sinks))
	for _, k := range s.sinks {
		st := Stats{Name: k.Name, Sent: k.sent.Load(), Failed: k.failed.Load(), Lost: k.lost.Load()}
		if w := k.running.Load(); w != nil {
			st.Owned = true
			st.LagEvents, st.LagSeconds = w.lag(clock.Now())
		}
		out = append(out, st)
	}
	return out
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
