package sink_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/sink"
	"comanda/sink/sinktest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// shelf is a destination in memory that all lanes and nodes share.
type shelf struct {
	mu    sync.Mutex
	more  *sync.Cond
	got   []sinktest.Arrived
	sends int
	check func(brand string, n int) error // asked before a batch is taken
}

func newShelf() *shelf {
	s := &shelf{}
	s.more = sync.NewCond(&s.mu)
	return s
}

func (s *shelf) open() sink.Destination { return s }
func (s *shelf) Close()                 {}

func (s *shelf) Send(_ context.Context, messages []sink.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.more.Broadcast()
	s.sends++
	if s.check != nil {
		if err := s.check(messages[0].Brand, len(messages)); err != nil {
			return err
		}
	}
	var refused sink.Refused
	for i, m := range messages {
		if strings.Contains(string(m.Body), "poison") {
			refused = append(refused, sink.Refusal{Index: i, Reason: "it is poison"})
			continue
		}
		s.got = append(s.got, sinktest.Arrived{ID: m.ID, Brand: m.Brand, Subject: m.Subject, Position: m.Position, Body: string(m.Body)})
	}
	if refused != nil {
		return refused
	}
	return nil
}

func (s *shelf) set(check func(brand string, n int) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.check = check
}

func (s *shelf) all() []sinktest.Arrived {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

func (s *shelf) of(brand string) (n int) {
	for _, a := range s.got {
		if a.Brand == brand {
			n++
		}
	}
	return n
}

// wait is over when a condition holds after some Send.
func (s *shelf) wait(t *testing.T, holds func() bool) {
	t.Helper()
	late := time.AfterFunc(sinktest.Patience, func() { s.mu.Lock(); defer s.mu.Unlock(); s.more.Broadcast() })
	defer late.Stop()
	end := time.Now().Add(sinktest.Patience)
	s.mu.Lock()
	defer s.mu.Unlock()
	for !holds() {
		if time.Now().After(end) {
			t.Fatal("it never came")
		}
		s.more.Wait()
	}
}

func TestEveryBrandArrivesInSequenceAndGoesOnAfterARestart(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		opt := goleak.IgnoreCurrent()
		defer goleak.VerifyNone(t, opt)
		w := sinktest.New(t, d)
		s := newShelf()
		stop := w.Run(w.Sinks(sink.Config{Name: "shelf", From: sink.Oldest, Open: s.open}))
		const brands, n = 6, 60
		var writers sync.WaitGroup
		for b := 1; b <= brands; b++ {
			writers.Go(func() { w.Append(b, n) })
		}
		writers.Wait()
		s.wait(t, func() bool { return len(s.got) >= brands*n })
		stop()
		sends := s.sends
		w.Burst(2, 1000) // while nobody sends
		again := sinktest.New(t, d)
		all := again.Sinks(sink.Config{Name: "shelf", From: sink.Oldest, Open: s.open})
		stop = again.Run(all)
		s.wait(t, func() bool { return s.of("brand-2") >= n+1000 })
		sinktest.Eventually(t, "the cursor stands at the head", func() bool { return w.Cursor("shelf", 2) == n+1000 })
		if st := all.Stats()[0]; !st.Owned || st.Sent != 1000 || st.LagEvents != 0 || st.LagSeconds != 0 || st.Lost != 0 {
			t.Errorf("figures: %+v", st)
		}
		stop()
		if s.sends-sends > 10 {
			t.Errorf("1000 events took %d batches", s.sends-sends)
		}
		for b := 1; b <= brands; b++ {
			if twice := w.Check(b, 1, s.all()); twice > 0 {
				t.Errorf("brand %d: %d came twice after an orderly stop", b, twice)
			}
		}
	})
}

func TestWhereASinkBegins(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := sinktest.New(t, d)
		w.Append(1, 5)
		w.Append(2, 5)
		// Retention has deleted the beginning of brand 2: that is no loss for a sink that begins now.
		exec(t, d, `delete from log_events where brand_id = 2 and position <= 2`)
		late, whole := newShelf(), newShelf()
		w.Run(w.Sinks(sink.Config{Name: "late", From: sink.Latest, Open: late.open}, sink.Config{Name: "late-2", From: sink.Oldest, Open: whole.open}))
		whole.wait(t, func() bool { return len(whole.got) >= 8 })
		sinktest.Eventually(t, "both are placed", func() bool { return w.Cursor("late", 1) == 5 && w.Cursor("late", 2) == 5 })
		w.Append(1, 1)
		w.Append(7, 2) // a brand that comes later is sent from its first event
		late.wait(t, func() bool { return len(late.got) >= 3 })
		whole.wait(t, func() bool { return len(whole.got) >= 11 })
		w.Check(1, 6, late.all())
		w.Check(7, 1, late.all())
		w.Check(1, 1, whole.all())
		w.Check(2, 3, whole.all())
		if lost := append(w.Lost("late"), w.Lost("late-2")...); lost != nil {
			t.Error("lost:", lost)
		}
	})
}

func TestABrandThatIsNotTakenDoesNotStopOthers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := sinktest.New(t, d)
		s := newShelf()
		s.check = func(brand string, _ int) error {
			if brand == "brand-4" {
				return errors.New("not allowed")
			}
			return nil
		}
		all := w.Sinks(sink.Config{Name: "shelf", From: sink.Oldest, Open: s.open})
		all.Hurry(time.Millisecond)
		w.Append(4, 3)
		w.Append(8, 3) // of the same lane
		w.Run(all)
		s.wait(t, func() bool { return s.of("brand-8") == 3 })
		w.Append(8, 3)
		s.wait(t, func() bool { return s.of("brand-8") == 6 && s.sends > 5 })
		sinktest.Eventually(t, "the lag is told", func() bool {
			st := all.Stats()[0]
			return st.LagEvents == 3 && st.LagSeconds > 0 && st.Failed > 1
		})
		if s.of("brand-4") != 0 || w.Cursor("shelf", 4) != 0 {
			t.Error("the cursor moved over what was not taken")
		}
		s.set(nil)
		s.wait(t, func() bool { return s.of("brand-4") == 3 })
		w.Check(4, 1, s.all())
		w.Check(8, 1, s.all())
	})
}

// When nothing at all was taken, all brands go on as soon as one is taken, and nothing is lost.
func TestAnOutageLosesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := sinktest.New(t, d)
		s := newShelf()
		s.check = func(string, int) error { return errors.New("connection refused") }
		all := w.Sinks(sink.Config{Name: "shelf", From: sink.Oldest, Open: s.open})
		all.Hurry(time.Millisecond)
		w.Run(all)
		for b := 1; b <= 9; b++ {
			w.Append(b, 20)
		}
		s.wait(t, func() bool { return s.sends > 40 })
		s.set(nil)
		s.wait(t, func() bool { return len(s.got) >= 180 })
		for b := 1; b <= 9; b++ {
			if w.Check(b, 1, s.all()) != 0 {
				t.Error("repetitions of what was never taken")
			}
		}
	})
}

func TestWhatIsNeverTakenIsALostRangeAndTheRestGoesOn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := sinktest.New(t, d)
		s := newShelf()
		w.Append(1, 2)
		w.Say(1, 1, "poison")
		w.Append(1, 2)
		all := w.Sinks(sink.Config{Name: "shelf", From: sink.Oldest, Open: s.open})
		w.Run(all)
		sinktest.Eventually(t, "the cursor stands at the head", func() bool { return w.Cursor("shelf", 1) == 5 })
		if got := s.all(); len(got) != 4 || got[2].Position != 4 {
			t.Error("arrived:", got)
		}
		if lost := w.Lost("shelf"); len(lost) != 1 || lost[0] != "1: 3-3 it is poison" || all.Stats()[0].Lost != 1 {
			t.Error("lost:", lost, all.Stats())
		}
	})
}

func TestWhatTheLogDeletedBeforeItWasSentIsALostRange(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := sinktest.New(t, d)
		s := newShelf()
		config := sink.Config{Name: "shelf", From: sink.Latest, Open: s.open}
		w.Append(1, 1)
		stop := w.Run(w.Sinks(config))
		sinktest.Eventually(t, "it is placed", func() bool { return w.Cursor("shelf", 1) == 1 })
		stop()
		w.Append(1, 9)
		exec(t, d, `delete from log_events where brand_id = 1 and position <= 6`)
		again := sinktest.New(t, d)
		all := again.Sinks(config)
		again.Run(all)
		s.wait(t, func() bool { return len(s.got) >= 4 })
		w.Check(1, 7, s.all())
		if lost := w.Lost("shelf"); len(lost) != 1 || !strings.HasPrefix(lost[0], "1: 2-6 deleted") || all.Stats()[0].Lost != 5 {
			t.Error("lost:", lost, all.Stats())
		}
	})
}

// Two nodes share the database. One owns the sink; when it stops, the other goes on at once and repeats nothing.
func TestAnotherNodeTakesOver(t *testing.T) {
	d := dbtest.Postgres(t)
	a, b := sinktest.New(t, d), sinktest.New(t, d)
	s := newShelf()
	config := sink.Config{Name: "shelf", From: sink.Oldest, Open: s.open}
	a.Burst(1, 2000)
	all := a.Sinks(config)
	stop := a.Run(all)
	s.wait(t, func() bool { return len(s.got) >= 256 })
	other := b.Sinks(config)
	b.Run(other)
	if !all.Stats()[0].Owned || other.Stats()[0].Owned {
		t.Error("owned:", all.Stats(), other.Stats())
	}
	stop()
	a.Burst(1, 300)
	s.wait(t, func() bool { return len(s.got) >= 2300 })
	if twice := a.Check(1, 1, s.all()); twice != 0 {
		t.Errorf("%d came twice after an orderly stop", twice)
	}
}

func TestSinksOfOneNameAreRefused(t *testing.T) {
	if _, err := sink.New(nil, nil, nil, sink.Config{Name: "a"}, sink.Config{Name: "a"}); err == nil || !strings.Contains(err.Error(), "name=a-2") {
		t.Error(err)
	}
}

func exec(t *testing.T, d *db.DB, sql string) {
	t.Helper()
	if err := d.Write(t.Context(), func(tx *db.Tx) error { _, err := tx.Exec(sql); return err }); err != nil {
		t.Fatal(err)
	}
}
