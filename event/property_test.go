package event_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/dbtest"
)

type outcome int

const (
	commits outcome = iota
	fails
	panics
	failsLate // an SQL statement fails after the append
)

// plan is one transaction: the brands it appends to, in this order, and how it ends.
type plan struct {
	Brands []int
	End    outcome
}

// done is what became of a committed plan.
type done struct {
	plan
	ids        []string
	start, end int64 // ticks of one counter around Write
}

var errWanted = errors.New("wanted")

func TestPositionsAreGapFreeInCommitOrder(t *testing.T) {
	event.FewChecks(t, "50")
	leakFree(t)
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		log := event.NewLog(d)
		base := 0
		rapid.Check(t, func(rt *rapid.T) {
			base += 10
			brand := rapid.IntRange(base, base+2)
			tx := rapid.Custom(func(rt *rapid.T) plan {
				return plan{
					Brands: rapid.SliceOfN(brand, 1, 5).Draw(rt, "brands"),
					End:    rapid.SampledFrom([]outcome{commits, commits, commits, fails, panics, failsLate}).Draw(rt, "end"),
				}
			})
			writers := rapid.SliceOfN(rapid.SliceOfN(tx, 1, 6), 1, 8).Draw(rt, "writers")
			if err := checkHistory(t, d, log, []int{base, base + 1, base + 2}, writers); err != nil {
				rt.Fatal(err)
			}
		})
	})
}

// checkHistory runs the writers and watches them with readers of both kinds, then compares the log with what committed.
func checkHistory(t *testing.T, d *db.DB, log *event.Log, brands []int, writers [][]plan) error {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var tick atomic.Int64
	var mu sync.Mutex
	var all []done
	var errs []error
	fail := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		errs = append(errs, fmt.Errorf(format, args...))
	}

	stop := make(chan struct{})
	var readers, working sync.WaitGroup
	tails := map[int]*[]event.Event{}
	tailCtx, stopTails := context.WithCancel(ctx)
	defer stopTails()
	for _, brand := range brands {
		readers.Go(func() {
			var last []event.Event
			for {
				now, err := snapshot(ctx, d, brand)
				if err != nil {
					fail("snapshot: %w", err)
					return
				}
				if err := continues(last, now); err != nil {
					fail("brand %d: %w", brand, err)
					return
				}
				last = now
				select {
				case <-stop:
					return
				default:
				}
			}
		})
		got := &[]event.Event{}
		tails[brand] = got
		readers.Go(func() {
			for {
				events, err := log.Next(tailCtx, brand, int64(len(*got)), 3)
				if err != nil {
					if tailCtx.Err() == nil {
						fail("next: %w", err)
					}
					return
				}
				*got = append(*got, events...)
			}
		})
	}
	for _, plans := range writers {
		working.Go(func() {
			for _, p := range plans {
				did, err := try(ctx, t, d, log, p, &tick)
				if (err == nil) != (p.End == commits) || errors.Is(err, context.DeadlineExceeded) {
					fail("plan %v ended with %w", p, err)
				}
				if err == nil {
					mu.Lock()
					all = append(all, did)
					mu.Unlock()
				}
			}
		})
	}
	working.Wait()
	close(stop)
	for _, brand := range brands {
		final, err := snapshot(ctx, d, brand)
		if err != nil {
			return err
		}
		if err := matches(brand, final, all); err != nil {
			fail("brand %d: %w", brand, err)
		}
	}
	// A tail that missed a wake-up never gets here by itself: no worker of the log runs.
	for _, brand := range brands {
		final, err := snapshot(ctx, d, brand)
		if err != nil {
			return err
		}
		if err := reaches(ctx, log, brand, int64(len(final))); err != nil {
			fail("brand %d: tail: %w", brand, err)
		}
	}
	stopTails()
	readers.Wait()
	for _, brand := range brands {
		if err := continues(nil, *tails[brand]); err != nil {
			fail("brand %d: tail: %w", brand, err)
		}
	}
	return errors.Join(errs...)
}

// reaches reads a brand's tail up to a position.
func reaches(ctx context.Context, log *event.Log, brand int, end int64) error {
	for pos := int64(0); pos < end; {
		events, err := log.Next(ctx, brand, pos, 100)
		if err != nil {
			return err
		}
		pos += int64(len(events))
	}
	return nil
}

// try runs one plan; a panic of its closure counts as its error.
func try(ctx context.Context, t *testing.T, d *db.DB, log *event.Log, p plan, tick *atomic.Int64) (did done, err error) {
	recs := make([]event.Record, len(p.Brands))
	did.plan = p
	for i, b := range p.Brands {
		recs[i] = record(t, b, "order/1")
		did.ids = append(did.ids, recs[i].ID)
	}
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	did.start = tick.Add(1)
	err = d.Write(ctx, func(tx *db.Tx) error {
		for _, r := range recs {
			log.Append(tx, r)
		}
		switch p.End {
		case fails:
			return errWanted
		case panics:
			panic("wanted")
		case failsLate:
			log.Then(tx, db.Stmt{SQL: `insert into log_heads (brand_id, position) values ($1, $2)`, Args: []any{p.Brands[0], 1}})
		}
		return nil
	})
	did.end = tick.Add(1)
	return did, err
}

func snapshot(ctx context.Context, d *db.DB, brand int) (events []event.Event, err error) {
	err = d.Read(ctx, func(tx *db.Tx) error {
		head, err := event.Head(tx, brand)
		if err != nil {
			return err
		}
		events, err = event.Read(tx, brand, 0, 10_000)
		if err == nil && int(head) != len(events) {
			err = fmt.Errorf("head %d of %d events", head, len(events))
		}
		return err
	})
	return events, err
}

// continues says whether now is gap-free from 1 and begins with last.
func continues(last, now []event.Event) error {
	if len(now) < len(last) {
		return fmt.Errorf("%d events after %d", len(now), len(last))
	}
	for i, e := range now {
		if e.Position != int64(i+1) {
			return fmt.Errorf("position %d at place %d", e.Position, i+1)
		}
		if i < len(last) && last[i].ID != e.ID {
			return fmt.Errorf("position %d changed its event", e.Position)
		}
	}
	return nil
}

// matches says whether the log of a brand holds exactly what committed, each transaction's events in the order of its
// calls and together, and transactions that did not overlap in the order in which they ran.
func matches(brand int, log []event.Event, all []done) error {
	at := map[string]int{}
	for i, e := range log {
		at[e.ID] = i
	}
	type span struct{ first, last, start, end int64 }
	var spans []span
	count := 0
	for _, did := range all {
		s := span{first: -1, start: did.start, end: did.end}
		for i, b := range did.Brands {
			if b != brand {
				continue
			}
			count++
			p, ok := at[did.ids[i]]
			if !ok {
				return fmt.Errorf("committed event %s is missing", did.ids[i])
			}
			if s.first < 0 {
				s.first, s.last = int64(p), int64(p)
			} else if s.last++; s.last != int64(p) {
				return fmt.Errorf("events of one transaction are out of order: %d where %d was due", p, s.last)
			}
		}
		if s.first >= 0 {
			spans = append(spans, s)
		}
	}
	if count != len(log) {
		return fmt.Errorf("%d events, %d committed", len(log), count)
	}
	slices.SortFunc(spans, func(a, b span) int { return int(a.first - b.first) })
	for i, later := range spans {
		for _, earlier := range spans[:i] {
			if later.end < earlier.start {
				return fmt.Errorf("position %d ran before position %d", later.first+1, earlier.first+1)
			}
		}
	}
	return nil
}

func TestBrandsInOppositeOrderDoNotDeadlock(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		log := event.NewLog(d)
		var runs atomic.Int64
		var wg sync.WaitGroup
		const writers, rounds = 16, 20
		for w := range writers {
			wg.Go(func() {
				for range rounds {
					a, b := record(t, 1+w%2, "s"), record(t, 2-w%2, "s")
					err := d.Write(t.Context(), func(tx *db.Tx) error {
						runs.Add(1)
						log.Append(tx, a)
						log.Append(tx, b)
						return nil
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		// A deadlock would be broken by the server and the closure run again.
		if n := runs.Load(); n != writers*rounds && n != 2*writers*rounds {
			t.Errorf("%d runs of %d transactions", n, writers*rounds)
		}
		for brand := 1; brand <= 2; brand++ {
			if got, err := snapshot(t.Context(), d, brand); err != nil || len(got) != writers*rounds {
				t.Error(len(got), err)
			}
		}
	})
}
