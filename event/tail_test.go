package event

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
)

// bulk appends n small events in one transaction.
func bulk(t testing.TB, l *Log, brand, n, size int) {
	t.Helper()
	body := slices.Concat([]byte(`{"Pad":"`), make([]byte, size), []byte(`"}`))
	for i := range size {
		body[8+i] = 'x'
	}
	recs := make([]Record, n)
	for i := range recs {
		recs[i] = encoded(t, brand)
		recs[i].Body = body
	}
	if err := l.db.Write(context.Background(), func(tx *db.Tx) error { l.Append(tx, recs...); return nil }); err != nil {
		t.Fatal(err)
	}
}

func TestTailReadsWhatTheLogHolds(t *testing.T) {
	FewChecks(t, "10")
	l := NewLog(dbtest.SQLite(t))
	brand := 0
	rapid.Check(t, func(rt *rapid.T) {
		brand++
		head := 0
		rt.Repeat(map[string]func(*rapid.T){
			"append": func(rt *rapid.T) {
				n := rapid.SampledFrom([]int{1, 1, 2, 50, 200, 700}).Draw(rt, "n")
				bulk(t, l, brand, n, rapid.SampledFrom([]int{0, 0, 9000}).Draw(rt, "size"))
				head += n
			},
			"read": func(rt *rapid.T) {
				after := rapid.OneOf(rapid.Just(head), rapid.IntRange(max(0, head-600), head+3), rapid.IntRange(0, head)).Draw(rt, "after")
				limit := rapid.SampledFrom([]int{1, 7, 128, 512}).Draw(rt, "limit")
				events, err := l.Read(context.Background(), brand, int64(after), limit)
				if want := max(0, min(limit, head-after)); err != nil || len(events) == 0 && want > 0 || len(events) > want {
					rt.Fatalf("%d events after %d of %d: %v", len(events), after, head, err)
				}
				for i, e := range events {
					if e.Position != int64(after+1+i) || e.Brand != brand {
						rt.Fatalf("position %d of brand %d at place %d after %d", e.Position, e.Brand, i, after)
					}
				}
			},
			"": func(rt *rapid.T) {
				tl := l.tail(brand)
				bytes := 0
				for _, e := range tl.ring {
					bytes += size(e)
				}
				if bytes != tl.bytes || len(tl.ring) > 2*ringEvents || bytes > ringBytes {
					rt.Fatalf("ring of %d events, %d bytes, accounted %d", len(tl.ring), bytes, tl.bytes)
				}
			},
		})
	})
	if l.held.bytes.Load() > allBytes+ringBytes {
		t.Errorf("all rings hold %d bytes", l.held.bytes.Load())
	}
}

func TestRingsOfManyBrandsStayWithinTheirBudget(t *testing.T) {
	l := NewLog(dbtest.SQLite(t))
	for brand := 1; brand <= 40; brand++ {
		bulk(t, l, brand, 100, 15_000)
		if _, err := l.Next(t.Context(), brand, 0, 100); err != nil {
			t.Fatal(err)
		}
	}
	var sum int64
	for brand := 1; brand <= 40; brand++ {
		sum += int64(l.tail(brand).bytes)
	}
	if sum != l.held.bytes.Load() || sum > allBytes || l.tail(40).bytes == 0 || l.tail(1).bytes != 0 {
		t.Errorf("%d bytes, accounted %d, newest %d, oldest %d", sum, l.held.bytes.Load(), l.tail(40).bytes, l.tail(1).bytes)
	}
	if events, err := l.Read(t.Context(), 1, 0, 100); err != nil || len(events) != 100 {
		t.Error("an emptied ring is not read again:", len(events), err)
	}
}

func TestReadersShareOneReadOfTheDatabase(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := NewLog(d)
		const readers, events = 64, 20
		var wg sync.WaitGroup
		for range readers {
			wg.Go(func() {
				for pos := int64(0); pos < events; {
					got, err := l.Next(t.Context(), 1, pos, 10)
					if err != nil {
						t.Error(err)
						return
					}
					pos += int64(len(got))
				}
			})
		}
		appendTo(t, l, 1, events)
		wg.Wait()
		// One for the reader that finds the tail unread, and per commit one that finds it and at most one that ends at the head.
		if n := l.fetches.Load(); n > 2*events+1 {
			t.Errorf("%d reads of the database for %d events and %d readers", n, events, readers)
		}
	})
}

func TestLocalCommitWakesWithoutAnyTimer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := NewLog(d) // Run does not run
		w := l.Watch()
		defer w.Close()
		wake := l.Wake(3)
		appendTo(t, l, 3, 1)
		<-wake
		<-w.Ready()
		if got := w.Take(); !slices.Equal(got, []int{3}) {
			t.Error(got)
		}
		err := d.Write(t.Context(), func(tx *db.Tx) error { l.Append(tx, encoded(t, 3)); return errors.New("no") })
		if err == nil {
			t.Fatal("committed")
		}
		if got := w.Take(); len(got) != 0 {
			t.Error("a rolled-back transaction woke readers of", got)
		}
	})
}

// otherNode opens a log of its own on the database behind url.
func otherNode(t *testing.T, url string, net time.Duration) *Log {
	t.Helper()
	d, err := db.Open(t.Context(), db.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	l := NewLog(d)
	l.net = net
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { _ = l.Run(ctx); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended; _ = d.Close() })
	return l
}

func TestOtherNodesAreWokenBySignal(t *testing.T) {
	url := dbtest.PostgresURL(t)
	a, b := otherNode(t, url, time.Hour), otherNode(t, url, time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	// B listens at some time after its start: until then commits go unheard, and with the net away nothing else tells.
	w := b.Watch()
	defer w.Close()
	pos := int64(0)
	for heard := false; !heard; {
		appendTo(t, a, 1, 1)
		pos++
		select {
		case <-w.Ready():
			heard = true
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			t.Fatal("no signal arrived")
		}
	}
	var took []time.Duration
	for range 50 {
		got := make(chan error, 1)
		wake := b.Wake(1)
		go func() { _, err := b.Next(ctx, 1, pos, 1); got <- err }()
		appendTo(t, a, 1, 1)
		start := now()
		if err := <-got; err != nil {
			t.Fatal(err)
		}
		took = append(took, now().mono.Sub(start.mono))
		<-wake
		pos++
	}
	slices.Sort(took)
	t.Logf("from commit on one node to the event on another: median %v, worst %v", took[len(took)/2], took[len(took)-1])
}

func TestNetFindsWhatNoSignalTold(t *testing.T) {
	url := dbtest.PostgresURL(t)
	b := otherNode(t, url, 10*time.Millisecond)
	d, err := db.Open(t.Context(), db.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	a := NewLog(d) // does not run, so it sends no signal
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	w := b.Watch()
	defer w.Close()
	for pos := range int64(3) {
		got := make(chan error, 1)
		go func() { _, err := b.Next(ctx, 1, pos, 1); got <- err }()
		appendTo(t, a, 1, 1)
		if err := <-got; err != nil {
			t.Fatal(err)
		}
		<-w.Ready()
	}
}

func TestReadingBelowTheOldestEventIsGone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := NewLog(d)
		appendTo(t, l, 1, 5)
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(`delete from log_events where position <= 2`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = l.Read(t.Context(), 1, 1, 10)
		gone := &fault.Error{}
		if !errors.As(err, &gone) || gone.Kind != fault.Gone || gone.Data.(Oldest).Position != 3 {
			t.Error(err)
		}
		if events, err := l.Read(t.Context(), 1, 2, 10); err != nil || len(events) != 3 {
			t.Error(len(events), err)
		}
	})
}
