package webhook

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
)

const (
	settleGap   = 3 * time.Millisecond // gathers what is settled meanwhile
	settleBatch = 64                   // subscriptions per transaction
	settleMax   = time.Second          // pause after failures, at most
)

// settler stores how far the streams have come: cursors and rows of many of them in one transaction, guarded by the lease.
// While it fails no new attempt starts, because nobody could remember its answer.
type settler struct {
	d       *dispatcher
	failing atomic.Bool
	kick    chan struct{}

	mu     sync.Mutex
	marked map[*pump]struct{}
}

func newSettler(d *dispatcher) *settler {
	return &settler{d: d, kick: make(chan struct{}, 1), marked: map[*pump]struct{}{}}
}

// mark asks for the settlement of a stream.
func (t *settler) mark(p *pump) {
	t.mu.Lock()
	t.marked[p] = struct{}{}
	t.mu.Unlock()
	notify(t.kick)
}

// run settles until ctx ends.
func (t *settler) run(ctx context.Context) {
	pause := settleGap
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.kick:
		}
		sleep(ctx, pause)
		_, err := t.runOnce(ctx)
		switch {
		case errors.Is(err, event.ErrFenced):
			return
		case err != nil:
			pause = min(2*pause, settleMax)
			slog.Warn("webhook: deliveries could not be settled; nothing new is sent", "again in", pause, "error", err)
			t.failing.Store(true)
		case t.failing.Swap(false):
			t.d.wakeAll()
			fallthrough
		default:
			pause = settleGap
		}
	}
}

// last settles everything once more before the work is given back.
func (t *settler) last() {
	for _, p := range t.d.all() {
		t.mark(p)
	}
	if _, err := t.runOnce(context.Background()); err != nil && !errors.Is(err, event.ErrFenced) {
		slog.Warn("webhook: the last deliveries could not be settled; they will be repeated", "error", err)
	}
}

// share is one stream's part of a settlement.
type share struct {
	p     *pump
	sub   *Subscription
	f     event.Follower
	what  settlement
	saved bool
}

// runOnce settles the marked streams and returns how many.
func (t *settler) runOnce(ctx context.Context) (n int, err error) {
	t.mu.Lock()
	marked := t.marked
	t.marked = map[*pump]struct{}{}
	t.mu.Unlock()
	shares := make([]share, 0, min(len(marked), settleBatch))
	for p := range marked {
		if s, ok := p.settlement(); ok {
			shares = append(shares, s)
		}
		if len(shares) == settleBatch {
			err = errors.Join(err, t.write(ctx, shares))
			n += len(shares)
			shares = shares[:0]
		}
	}
	if len(shares) > 0 {
		err = errors.Join(err, t.write(ctx, shares))
		n += len(shares)
	}
	return n, err
}

// settlement takes what there is to store.
func (p *pump) settlement() (share, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over || !p.s.unsettled(true) {
		return share{}, false
	}
	s := share{p: p, sub: p.s.sub, f: p.follower, what: p.s.take()}
	s.f.Cursor = s.what.cursor
	return s, true
}

func (t *settler) write(ctx context.Context, shares []share) error {
	at := clock.Micros(clock.Now())
	err := t.d.w.db.Write(context.WithoutCancel(ctx), func(tx *db.Tx) error {
		var rows statements
		for i := range shares {
			s := &shares[i]
			var err error
			if s.saved, err = t.d.lease.Save(tx, s.f); err != nil {
				return err
			}
			if !s.saved {
				continue
			}
			rows = s.statements(rows, at)
			for _, n := range s.what.notices {
				if err := t.d.w.tell(tx, s.sub, n); err != nil {
					return err
				}
			}
		}
		if len(rows) > 0 {
			tx.Attach(rows.key(), func() db.Flusher { return rows })
		}
		return nil
	})
	for i := range shares {
		shares[i].done(err)
		if err != nil {
			t.mark(shares[i].p)
		}
	}
	return err
}

// statements appends the writes of one stream's rows.
func (s *share) statements(out statements, at int64) statements {
	for i := range s.what.rows {
		r := &s.what.rows[i]
		out = append(out, db.Stmt{SQL: sqlPutPending, Args: []any{
			s.p.id, r.position, s.p.brand, r.subject, string(r.state), r.attempts, clock.Micros(r.at), clock.Micros(r.firstFailed),
		}})
	}
	for _, position := range s.what.gone {
		out = append(out, db.Stmt{SQL: sqlDropPending, Args: []any{s.p.id, position}})
	}
	for _, x := range s.what.expired {
		out = append(out, db.Stmt{SQL: sqlPutExpired, Args: []any{s.p.id, x.from, x.to, s.p.brand, at}})
	}
	if h := s.what.health; h != nil {
		out = append(out, h.put(s.p.id, s.p.brand))
	}
	return out
}

// done tells the stream what came of its settlement.
func (s *share) done(err error) {
	s.p.mu.Lock()
	switch {
	case err != nil:
		s.p.s.unsettle(s.what)
	case !s.saved:
		s.p.over = true // deleted, disabled or enabled anew since
	default:
		s.p.s.settled(s.what)
		for _, x := range s.what.expired {
			s.p.d.w.tally.expired.Add(x.to - x.from + 1)
		}
	}
	s.p.mu.Unlock()
	s.p.wake()
}
