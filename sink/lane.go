package sink

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
)

// lane sends the logs of some of the brands, one batch after another.
type lane struct {
	w    *worker
	dest Destination
	wake chan struct{}

	failures int       // batches in a row that were not taken
	warned   time.Time // so that an outage of many brands does not flood the log
	next     int       // the brand whose turn is next, so that all have one

	mu     sync.Mutex
	brands map[int]*brand
	active map[int]struct{} // brands that may have something to send
}

// brand is how far a sink has come in one log.
type brand struct {
	event.Follower
	slug  string
	head  int64     // as last seen, for the lag
	since time.Time // when the oldest event that is not sent was created; zero = all are
	pause time.Duration
	until time.Time // not before
}

func newLane(w *worker) *lane {
	return &lane{w: w, wake: make(chan struct{}, 1), brands: map[int]*brand{}, active: map[int]struct{}{}}
}

// moved notes that a brand's log may have moved.
func (l *lane) moved(id int) {
	l.mu.Lock()
	l.active[id] = struct{}{}
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *lane) head(id int, head int64) {
	l.mu.Lock()
	b := l.brands[id]
	behind := b == nil || b.Cursor < head
	if b != nil {
		b.head = head
	}
	l.mu.Unlock()
	if behind {
		l.moved(id)
	}
}

func (l *lane) lag() (events int64, since time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range l.brands {
		events += max(0, b.head-b.Cursor)
		if !b.since.IsZero() && (since.IsZero() || b.since.Before(since)) {
			since = b.since
		}
	}
	return events, since
}

// run sends until ctx ends.
func (l *lane) run(ctx context.Context) error {
	l.dest = l.w.sink.Open()
	defer l.dest.Close()
	for {
		n, err := l.round(ctx)
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case n > 0:
			continue
		}
		if err := l.wait(ctx); err != nil {
			return err
		}
	}
}

// wait is over when a brand moved or one's pause ends.
func (l *lane) wait(ctx context.Context) error {
	var timer <-chan time.Time
	if until := l.soonest(); !until.IsZero() {
		t := time.NewTimer(until.Sub(clock.Mono()))
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-l.wake:
	case <-timer:
	}
	return nil
}

// soonest is when the first pause ends; zero when none pauses.
func (l *lane) soonest() (until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id := range l.active {
		b := l.brands[id]
		if b != nil && !b.until.IsZero() && (until.IsZero() || b.until.Before(until)) {
			until = b.until
		}
	}
	return until
}

// due takes the brands whose turn it is, those first that waited longest.
func (l *lane) due(now time.Time) []int {
	l.mu.Lock()
	defer l.mu.Unlock()
	var ids []int
	for id := range l.active {
		if b := l.brands[id]; b == nil || !now.Before(b.until) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	if i, _ := slices.BinarySearch(ids, l.next); i > 0 {
		ids = slices.Concat(ids[i:], ids[:i])
	}
	ids = ids[:min(len(ids), roundBrands)]
	for _, id := range ids {
		delete(l.active, id) // moved adds it again when there is more meanwhile
	}
	if len(ids) > 0 {
		l.next = ids[len(ids)-1] + 1
	}
	return ids
}

// lost are positions that a destination will not get.
type lost struct {
	brand    int
	from, to int64
	reason   string
}

// round sends one batch of each brand that is due and settles them together. It returns how many brands it moved.
func (l *lane) round(ctx context.Context) (int, error) {
	var moved []event.Follower
	var gone []lost
	var fatal error
	for _, id := range l.due(clock.Mono()) {
		if ctx.Err() != nil || fatal != nil {
			l.moved(id)
			continue
		}
		f, lost, err := l.send(ctx, id)
		switch {
		case errors.Is(err, event.ErrFenced):
			fatal = err
		case err != nil:
			l.failed(ctx, id, err)
		case f != nil:
			moved = append(moved, *f)
			gone = append(gone, lost...)
		}
	}
	if len(moved) > 0 {
		if err := l.settle(ctx, moved, gone); err != nil {
			return 0, err
		}
	}
	return len(moved), fatal
}

// send gives the destination one batch of a brand and returns where its cursor is to go, nil when there was nothing to
// send. It touches nothing that is stored.
func (l *lane) send(ctx context.Context, id int) (*event.Follower, []lost, error) {
	b, err := l.brand(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	f := b.Follower
	events, err := l.w.log.Read(ctx, id, f.Cursor, batchEvents)
	if fault.KindOf(err) == fault.Gone {
		var e *fault.Error
		oldest := event.Oldest{}
		if errors.As(err, &e) {
			oldest, _ = e.Data.(event.Oldest)
		}
		if oldest.Position > f.Cursor+1 {
			gone := lost{id, f.Cursor + 1, oldest.Position - 1, "deleted from the log before it was sent"}
			f.Cursor = gone.to
			l.moved(id)
			return &f, []lost{gone}, nil
		}
	}
	if err != nil {
		return nil, nil, err
	}
	more := len(events) == batchEvents
	size := 0
	for i, e := range events {
		if size += len(e.Body); size > batchBytes && i > 0 {
			events, more = events[:i], true
			break
		}
	}
	l.mu.Lock()
	b.since = time.Time{}
	if len(events) > 0 {
		b.since = events[0].Created
		b.head = max(b.head, events[len(events)-1].Position)
	}
	l.mu.Unlock()
	if len(events) == 0 {
		return nil, nil, nil
	}
	if !l.w.lease.Valid() {
		return nil, nil, event.ErrFenced
	}
	messages := make([]Message, len(events))
	for i, e := range events {
		messages[i] = Message{ID: e.ID, Name: e.Name, Brand: b.slug, Subject: e.Subject, Position: e.Position, Body: e.Flat()}
	}
	sending, cancel := l.sending(ctx)
	defer cancel()
	err = l.dest.Send(sending, messages)
	var refused Refused
	if err != nil && !errors.As(err, &refused) {
		return nil, nil, err
	}
	var gone []lost
	for _, r := range refused {
		e := events[r.Index]
		gone = append(gone, lost{id, e.Position, e.Position, r.Reason})
	}
	l.w.sink.sent.Add(int64(len(events) - len(refused)))
	f.Cursor = events[len(events)-1].Position
	if more {
		l.moved(id)
	}
	l.recovered(b)
	return &f, gone, nil
}

// sending bounds one Send. The end of the process gives it a grace, the loss of the lease none.
func (l *lane) sending(ctx context.Context) (context.Context, context.CancelFunc) {
	sending, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTimeout)
	stop := context.AfterFunc(ctx, func() {
		if errors.Is(context.Cause(ctx), event.ErrFenced) {
			cancel()
			return
		}
		time.AfterFunc(stopGrace, cancel)
	})
	return sending, func() { stop(); cancel() }
}

// brand returns what is known of a brand, and begins one that came after the sink was started at its first event.
func (l *lane) brand(ctx context.Context, id int) (*brand, error) {
	l.mu.Lock()
	b := l.brands[id]
	l.mu.Unlock()
	if b == nil {
		b = &brand{Follower: event.Follower{Name: leaseName(l.w.sink.Name), Brand: id}}
		err := l.w.db.Write(ctx, func(tx *db.Tx) (err error) {
			if err := l.w.lease.Guard(tx); err != nil {
				return err
			}
			if err := event.Place(tx, b.Name, id, 0); err != nil {
				return err
			}
			b.Follower, err = event.Load(tx, b.Name, id)
			return err
		})
		if err != nil {
			return nil, err
		}
		l.mu.Lock()
		l.brands[id] = b
		l.mu.Unlock()
	}
	if b.slug == "" {
		err := l.w.db.Read(ctx, func(tx *db.Tx) (err error) { b.slug, err = l.w.slug(tx, id); return err })
		if err != nil {
			return nil, err
		}
	}
	return b, nil
}

// failed makes a brand wait, each time longer.
func (l *lane) failed(ctx context.Context, id int, err error) {
	l.moved(id)
	if ctx.Err() != nil {
		return
	}
	l.failures++
	l.w.sink.failed.Add(1)
	l.mu.Lock()
	b := l.brands[id]
	if b == nil { // not even its cursor could be made
		b = &brand{}
		l.mu.Unlock()
		sleep(ctx, l.w.firstPause)
		l.mu.Lock()
	}
	b.pause = min(max(2*b.pause, l.w.firstPause), maxPause)
	b.until = clock.Mono().Add(b.pause)
	pause := b.pause
	l.mu.Unlock()
	level := slog.LevelDebug
	if now := clock.Mono(); l.failures == 1 || now.Sub(l.warned) >= maxPause {
		level, l.warned = slog.LevelWarn, now
	}
	slog.Log(ctx, level, "sink: not taken, the same events are sent again", "sink", l.w.sink.Name, "brand", id, "in", pause, "error", err)
}

// recovered ends a brand's pauses, and those of the others when nothing at all was taken before.
func (l *lane) recovered(b *brand) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b.pause, b.until = 0, time.Time{}
	if l.failures > 1 {
		slog.Info("sink: events are taken again", "sink", l.w.sink.Name)
		for _, o := range l.brands {
			o.until = time.Time{}
		}
	}
	l.failures = 0
}

// settle stores the cursors and what was lost. While it fails nothing more is sent.
func (l *lane) settle(ctx context.Context, moved []event.Follower, gone []lost) error {
	for pause := l.w.firstPause; ; pause = min(2*pause, maxPause) {
		again, err := l.settleOnce(context.WithoutCancel(ctx), moved, gone)
		if err == nil && again != nil {
			return again
		}
		if err == nil {
			break
		}
		if errors.Is(err, event.ErrFenced) || ctx.Err() != nil {
			return err
		}
		slog.Warn("sink: progress could not be stored, nothing is sent until it is", "sink", l.w.sink.Name, "error", err)
		sleep(ctx, pause)
	}
	for _, g := range gone {
		l.w.sink.lost.Add(g.to - g.from + 1)
		slog.Error("sink: events are lost for this destination", "sink", l.w.sink.Name, "brand", g.brand,
			"from", g.from, "to", g.to, "reason", g.reason)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range moved {
		b := l.brands[f.Brand]
		b.Follower = f
		if b.head <= f.Cursor {
			b.since = time.Time{}
		}
	}
	return nil
}

// errPlacedAnew begins the worker afresh from the stored cursors.
var errPlacedAnew = errors.New("a cursor was placed anew")

func (l *lane) settleOnce(ctx context.Context, moved []event.Follower, gone []lost) (again, err error) {
	now := clock.Micros(clock.Now())
	err = l.w.db.Write(ctx, func(tx *db.Tx) error {
		again = nil
		for _, f := range moved {
			saved, err := l.w.lease.Save(tx, f)
			if err != nil {
				return err
			}
			if !saved {
				again = errPlacedAnew
			}
		}
		for _, g := range gone {
			if _, err := tx.Exec(sqlPutLost, l.w.sink.Name, g.brand, g.from, g.to, g.reason, now); err != nil {
				return err
			}
		}
		return nil
	})
	return again, err
}
