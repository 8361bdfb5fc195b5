package event

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// Bounds of what the rings keep in memory.
const (
	ringEvents = 512 // kept when twice as many have gathered
	ringBytes  = 2 << 20
	allBytes   = 32 << 20 // of all rings; the ring that was read longest ago goes first
	readAhead  = 128      // events fetched for the ring at least, whatever the reader's limit
)

// tail is this node's view of the end of one brand's log, shared by its readers.
type tail struct {
	moves atomic.Int64 // hints so far

	wakeMu sync.Mutex
	wake   chan struct{} // closed at the next hint; nil while nobody waits

	mu       sync.Mutex // held over the read of the database, so that readers who miss the same events ask once
	ring     []Event    // ends at end, no gaps
	bytes    int
	end      int64        // position up to which the log was read
	upToDate int64        // value of moves before the last read that found the head; -1 = never
	known    atomic.Int64 // = end, for those who do not hold mu
	used     atomic.Int64
}

func (l *Log) tail(brand int) *tail {
	if t, ok := l.tails.Load(brand); ok {
		return t.(*tail)
	}
	t, _ := l.tails.LoadOrStore(brand, &tail{upToDate: -1})
	return t.(*tail)
}

// Wake returns a channel that is closed when the brand's log may have moved. Take it first, then read, then wait.
func (l *Log) Wake(brand int) <-chan struct{} {
	t := l.tail(brand)
	t.wakeMu.Lock()
	defer t.wakeMu.Unlock()
	if t.wake == nil {
		t.wake = make(chan struct{})
	}
	return t.wake
}

func (t *tail) hint() {
	t.moves.Add(1)
	t.wakeMu.Lock()
	defer t.wakeMu.Unlock()
	if t.wake != nil {
		close(t.wake)
		t.wake = nil
	}
}

// Next is Read that waits until there is something to return.
func (l *Log) Next(ctx context.Context, brand int, after int64, limit int) ([]Event, error) {
	for {
		wake := l.Wake(brand)
		events, err := l.Read(ctx, brand, after, limit)
		if err != nil || len(events) > 0 {
			return events, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-wake:
		}
	}
}

// Read returns up to limit events after a position from this node's tail of the brand, none when there are none yet.
// The events are shared: callers do not change them. A position whose next event was deleted by retention is a Gone fault.
func (l *Log) Read(ctx context.Context, brand int, after int64, limit int) ([]Event, error) {
	t := l.tail(brand)
	t.used.Store(l.held.tick.Add(1))
	t.mu.Lock()
	defer t.mu.Unlock()
	moves := t.moves.Load()
	switch first := t.end - int64(len(t.ring)); {
	case after >= first && after < t.end:
		part := t.ring[after-first:]
		return part[:min(limit, len(part)):min(limit, len(part))], nil
	case after == t.end && t.upToDate == moves:
		return nil, nil
	case after < t.end: // behind the ring: this reader catches up by itself
		t.mu.Unlock()
		events, err := l.fetch(ctx, brand, after, limit)
		t.mu.Lock()
		return events, err
	}
	want := max(limit, readAhead)
	events, err := l.fetch(ctx, brand, after, want)
	if err != nil {
		return nil, err
	}
	if len(events) == want && after != t.end {
		return events[:limit], nil // far from the head, and not where the ring goes on
	}
	if len(events) < want {
		t.upToDate = moves
	}
	l.extend(t, after, events)
	return events[:min(limit, len(events))], nil
}

// extend puts what was read after a position at the end of the ring.
func (l *Log) extend(t *tail, after int64, events []Event) {
	before := t.bytes
	erased := slices.ContainsFunc(events, func(e Event) bool { return e.Name == (*wire.CustomerRedactedEvent)(nil).Name() })
	if after != t.end || erased { // what was read before an erasure may have the person in it
		t.forget()
	}
	t.end = after + int64(len(events))
	t.known.Store(t.end)
	t.ring = append(t.ring, events...)
	for _, e := range events {
		t.bytes += size(e)
	}
	if len(t.ring) > 2*ringEvents || t.bytes > ringBytes {
		drop := 0
		for ; drop < len(t.ring) && (len(t.ring)-drop > ringEvents || t.bytes > ringBytes/2); drop++ {
			t.bytes -= size(t.ring[drop])
		}
		t.ring = slices.Clone(t.ring[drop:]) // new memory: readers may hold the old one, which append must not keep alive
	}
	l.held.add(l, t, t.bytes-before)
}

func size(e Event) int { return len(e.Body) + 256 }

// fetch reads from the database and holds it to its word that there are no gaps.
func (l *Log) fetch(ctx context.Context, brand int, after int64, limit int) (events []Event, err error) {
	l.fetches.Add(1)
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		events, err = Read(tx, brand, after, limit)
		if err != nil || len(events) == 0 || events[0].Position == after+1 {
			return err
		}
		oldest, err := OldestKept(tx, brand)
		if err != nil {
			return err
		}
		return &fault.Error{
			Kind: fault.Gone, Message: fmt.Sprintf("The events after position %d are no longer kept.", after),
			Mend: "Read on from the oldest one.", Data: oldest,
		}
	})
	if err != nil {
		return nil, err
	}
	for i, e := range events {
		if e.Position != after+1+int64(i) {
			return nil, fmt.Errorf("event: brand %d: position %d follows %d", brand, e.Position, after+int64(i))
		}
	}
	return events, nil
}

// ringBudget bounds the memory of all rings together.
type ringBudget struct {
	bytes atomic.Int64
	tick  atomic.Int64 // orders the uses of rings
	mu    sync.Mutex
}

// add accounts for a change of t, whose lock the caller holds, and empties rings of others while there is too much.
func (b *ringBudget) add(l *Log, t *tail, bytes int) {
	if b.bytes.Add(int64(bytes)) <= allBytes || !b.mu.TryLock() {
		return
	}
	defer b.mu.Unlock()
	for b.bytes.Load() > allBytes {
		var victim *tail
		l.tails.Range(func(_, v any) bool {
			o := v.(*tail)
			if o == t || victim != nil && o.used.Load() > victim.used.Load() || !o.mu.TryLock() {
				return true
			}
			if o.bytes > 0 {
				victim = o
			}
			o.mu.Unlock()
			return true
		})
		if victim == nil || !victim.mu.TryLock() {
			return // in use: the next read will try again
		}
		b.bytes.Add(-int64(victim.bytes))
		victim.ring, victim.bytes = nil, 0
		victim.mu.Unlock()
	}
}
