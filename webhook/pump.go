package webhook

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
)

const (
	readBatch = 256         // events taken from the log at once
	lazyGap   = time.Second // before progress over events that nobody wants is stored
	retryGap  = time.Second // after the log could not be read
	leaseGap  = 100 * time.Millisecond
)

// pump moves one subscription: it feeds the stream from the log, and runs the attempts that the stream hands out.
type pump struct {
	d     *dispatcher
	id    int
	brand int
	poke  chan struct{}

	mu       sync.Mutex
	s        *stream
	end      *endpoint
	follower event.Follower
	reload   bool      // the subscription changed
	left     time.Time // until then disabling after a 410 is not tried again
	over     bool      // the subscription is deleted, disabled or enabled anew: this stream has no say any more
	lazyAt   time.Time // when unwanted progress is stored; zero = there is none
}

// wake makes the pump look again.
func (p *pump) wake() { notify(p.poke) }

func (p *pump) askReload() {
	p.mu.Lock()
	p.reload = true
	p.mu.Unlock()
	p.wake()
}

func (p *pump) revision() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.s.sub.Revision
}

// run pumps until ctx ends or the subscription is over.
func (p *pump) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		p.leave(ctx)
		more, err := p.fill(ctx)
		if err != nil && ctx.Err() == nil {
			slog.Warn("webhook: the log could not be read", "subscription", p.id, "error", err)
		}
		now := clock.Now()
		p.mu.Lock()
		if p.over {
			p.mu.Unlock()
			return
		}
		p.s.advance(now)
		p.start(now)
		at := p.next(now)
		if err != nil {
			at = earlier(at, now.Add(retryGap))
		}
		p.mu.Unlock()
		if more && err == nil {
			continue
		}
		if at.IsZero() {
			timer.Stop()
		} else {
			timer.Reset(at.Sub(now))
		}
		select {
		case <-ctx.Done():
		case <-p.poke:
		case <-timer.C:
		}
	}
}

// next is when the pump must look again without being told; p.mu is held.
func (p *pump) next(now time.Time) time.Time {
	at := p.s.wake(now)
	if p.s.gone {
		at = earlier(at, later(p.left, now.Add(leaseGap)))
	}
	if !p.d.lease.Valid() {
		at = earlier(at, now.Add(leaseGap))
	}
	switch {
	case p.s.unsettled(false):
		p.d.settler.mark(p)
		p.lazyAt = time.Time{}
	case !p.s.unsettled(true):
		p.lazyAt = time.Time{}
	case p.lazyAt.IsZero():
		p.lazyAt = now.Add(lazyGap)
		at = earlier(at, p.lazyAt)
	case now.Before(p.lazyAt):
		at = earlier(at, p.lazyAt)
	default:
		p.d.settler.mark(p)
	}
	return at
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// fill takes new events from the log as far as the window has room; more says that there may be still more. An event that
// reports a change of the subscription itself makes it load that before going on, so that the change cuts exactly there.
func (p *pump) fill(ctx context.Context) (more bool, err error) {
	p.mu.Lock()
	reload, room, after := p.reload, p.s.room(), p.s.read
	p.mu.Unlock()
	if reload {
		if err := p.load(ctx); err != nil {
			return false, err
		}
	}
	if room <= 0 {
		return false, nil
	}
	limit := min(room, readBatch)
	events, err := p.d.w.log.Read(ctx, p.brand, after, limit)
	if err != nil {
		return false, p.skip(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range events {
		p.s.push(&events[i])
		if events[i].Subject == p.s.sub.subject() {
			p.reload = true
			return true, nil
		}
	}
	return len(events) == limit && p.s.room() > 0, nil
}

// skip goes on with the oldest event that the log still has, when it no longer has the next one.
func (p *pump) skip(err error) error {
	f := (*fault.Error)(nil)
	if !errors.As(err, &f) || f.Kind != fault.Gone {
		return err
	}
	oldest, ok := f.Data.(event.Oldest)
	if !ok || oldest.Position == 0 {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.s.jump(oldest.Position - 1)
	return nil
}

// load takes the newest state of the subscription. The stream is over when its cursor is no longer its own.
func (p *pump) load(ctx context.Context) error {
	var sub *Subscription
	over := false
	err := p.d.w.db.Read(ctx, func(tx *db.Tx) (err error) {
		if sub, err = p.d.w.loadTx(tx, p.id); err != nil {
			return err
		}
		f, err := p.d.w.follower(tx, sub)
		over = err == nil && f.Epoch != p.follower.Epoch
		return err
	})
	if fault.KindOf(err) == fault.NotFound {
		over, err = true, nil
	}
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reload = false
	if over {
		p.over = true
		return nil
	}
	p.s.change(sub)
	p.end = newEndpoint(sub, p.d.w.agent)
	return nil
}

// may reports whether a new attempt may start; p.mu is held.
func (p *pump) may() bool {
	return !p.over && !p.reload && !p.d.stopping.Load() && !p.d.settler.failing.Load() && p.d.lease.Valid()
}

// start begins every attempt that may begin now; p.mu is held.
func (p *pump) start(now time.Time) {
	for p.may() {
		a, ok := p.s.next(now)
		if !ok {
			return
		}
		end := p.end
		p.d.running.Go(func() { p.work(end, a) })
	}
}

// work makes an attempt, then the next one that waits, until there is none.
func (p *pump) work(end *endpoint, a attempt) {
	for {
		ev, err := p.event(a)
		var r result
		if err == nil {
			r = end.send(p.d.sending, p.d.w.client, ev, a.number)
		}
		if p.d.sending.Err() != nil { // cut off: nobody knows, so it counts as not tried
			return
		}
		if err == nil {
			if r.err != nil && !r.received {
				r.reason = reason(r.err)
			}
			p.d.w.tally.count(r.received)
			p.d.w.attempts.add(logged{
				sub: end.sub, number: a.number, position: a.position, eventID: ev.ID, name: ev.Name, created: ev.Created, result: r,
			})
		}
		now := clock.Now()
		p.mu.Lock()
		if p.over {
			p.mu.Unlock()
			return
		}
		if err != nil {
			p.s.abort(a.position, now)
		} else {
			r.gone = r.status == http.StatusGone && end.sub.Revision == p.s.sub.Revision
			p.s.finish(a.position, r.outcome, now)
		}
		p.s.advance(now)
		more := false
		if p.may() {
			if a, more = p.s.next(now); more {
				end = p.end
				p.start(now)
			}
		}
		if p.s.unsettled(false) {
			p.d.settler.mark(p)
		}
		p.mu.Unlock()
		if !more {
			p.wake()
			return
		}
	}
}

// event returns the event of an attempt, from the log where the stream does not hold it.
func (p *pump) event(a attempt) (*event.Event, error) {
	if a.ev != nil && a.ev.Body != nil {
		return a.ev, nil
	}
	events, err := p.d.w.log.Read(p.d.sending, p.brand, a.position-1, 1)
	if err == nil && len(events) == 0 {
		err = errors.New("webhook: the log has no such position")
	}
	if err != nil {
		slog.Warn("webhook: an event could not be read", "subscription", p.id, "position", a.position, "error", err)
		return nil, err
	}
	return &events[0], nil
}
