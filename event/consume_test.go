package event_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
	"comanda/wire"
)

// over is a lease that has ended when it begins, long one that does not end within a test.
const (
	over = -time.Second
	long = time.Hour
)

func pullOf(brand int, name string, limit int, visible time.Duration) event.Pull {
	return event.Pull{
		ConsumerKey: event.ConsumerKey{Brand: brand, Owner: "app/1", Name: name}, Sight: event.Sight{Whole: true},
		Limit: limit, Visibility: visible, From: event.FromOldest,
	}
}

// model is what a consumer owes: which events it takes, which are settled, who holds what.
type model struct {
	subjects []string // by position - 1; "-" = not taken
	settled  map[int64]bool
	attempts map[int64]int
	held     map[int64]string // ack id of the last lease
	ended    map[int64]bool   // that lease has ended
	old      []string         // ack ids of leases that were followed by another
	done     []string         // of settled messages
}

// next are the positions that may go out now: of each subject the first that is not settled, unless it is held.
func (m *model) next() (out []int64) {
	seen := map[string]bool{}
	for i, s := range m.subjects {
		p := int64(i + 1)
		if s == "-" || m.settled[p] || s != "" && seen[s] {
			continue
		}
		seen[s] = true
		if m.attempts[p] == 0 || m.ended[p] {
			out = append(out, p)
		}
	}
	return out
}

func TestConsumersOweEveryEventOnceAndInSequence(t *testing.T) {
	event.FewChecks(t, "20")
	leakFree(t)
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		brand := 0
		rapid.Check(t, func(rt *rapid.T) {
			brand++
			log := event.NewLog(d)
			k := pullOf(brand, "pos", 1, long)
			k.Names = []string{"order.created"}
			m := &model{settled: map[int64]bool{}, attempts: map[int64]int{}, held: map[int64]string{}, ended: map[int64]bool{}}
			must := func(err error) {
				if err != nil {
					rt.Fatal(err)
				}
			}
			pull := func(limit int, visible time.Duration) int {
				r := k
				r.Limit, r.Visibility = limit, visible
				may := m.next()
				got, err := log.Pull(t.Context(), r)
				must(err)
				if len(got.Messages) != min(limit, len(may)) || got.Lost != 0 {
					rt.Fatalf("%d messages of %v, limit %d", len(got.Messages), may, limit)
				}
				for _, g := range got.Messages {
					p := g.Event.Position
					if !slices.Contains(may, p) {
						rt.Fatalf("position %d is out, of %v", p, may)
					}
					if m.attempts[p]++; m.attempts[p] != g.Attempt {
						rt.Fatalf("attempt %d of position %d, want %d", g.Attempt, p, m.attempts[p])
					}
					if m.held[p] != "" {
						m.old = append(m.old, m.held[p])
					}
					m.held[p], m.ended[p] = g.AckID, visible < 0
				}
				return len(got.Messages)
			}
			ack := func() {
				var ids []string
				for p, id := range m.held {
					if !m.settled[p] && rapid.Bool().Draw(rt, "acknowledge") {
						ids = append(ids, id)
						m.settled[p] = true
						m.done = append(m.done, id)
					}
				}
				got, err := log.Ack(t.Context(), k.ConsumerKey, append(slices.Clone(ids), ids...)) // twice each counts once
				must(err)
				if !slices.Equal(got.Done, ids) && len(ids) > 0 || len(got.Unknown) > 0 {
					rt.Fatalf("%v of %v, unknown %v", got.Done, ids, got.Unknown)
				}
			}
			pull(1, long)
			rt.Repeat(map[string]func(*rapid.T){
				"append": func(rt *rapid.T) {
					var records []event.Record
					for range rapid.IntRange(1, 6).Draw(rt, "events") {
						s := rapid.SampledFrom([]string{"a", "b", "c", "", "-"}).Draw(rt, "subject")
						m.subjects = append(m.subjects, s)
						body := wire.Event(&wire.OrderCreatedEvent{})
						if s == "-" {
							body = &wire.MenuUpdatedEvent{}
						}
						records = append(records, fact(t, brand, body, s, 1))
					}
					appendAll(t, d, log, records...)
				},
				"pull":         func(rt *rapid.T) { pull(rapid.IntRange(1, 5).Draw(rt, "limit"), long) },
				"pull and die": func(rt *rapid.T) { pull(rapid.IntRange(1, 5).Draw(rt, "limit"), over) },
				"acknowledge":  func(*rapid.T) { ack() },
				"acknowledge what is past": func(*rapid.T) {
					got, err := log.Ack(t.Context(), k.ConsumerKey, m.done)
					must(err)
					if len(got.Done) != len(m.done) {
						rt.Fatalf("settled ones are unknown: %v", got.Unknown)
					}
					// A lease that was followed by another is over for good, but once its message is settled that is all that counts.
					for _, id := range m.old {
						got, err := log.Extend(t.Context(), k.ConsumerKey, []string{id}, long)
						must(err)
						if len(got.Done) > 0 {
							rt.Fatalf("an old lease was extended")
						}
					}
				},
				"release": func(rt *rapid.T) {
					for p, id := range m.held {
						if !m.settled[p] && rapid.Bool().Draw(rt, "release") {
							got, err := log.Extend(t.Context(), k.ConsumerKey, []string{id, "bm9uc2Vuc2U"}, 0)
							must(err)
							if len(got.Done) != 1 || len(got.Unknown) != 1 {
								rt.Fatalf("%v", got)
							}
							m.ended[p] = true
						}
					}
				},
				"hold on": func(rt *rapid.T) {
					for p, id := range m.held {
						if !m.settled[p] && rapid.Bool().Draw(rt, "hold on") {
							_, err := log.Extend(t.Context(), k.ConsumerKey, []string{id}, long)
							must(err)
							m.ended[p] = false
						}
					}
				},
				"restart": func(*rapid.T) { log = event.NewLog(d) },
			})
			// In the end everything is settled: release all, then take it one after the other.
			for p := range m.held {
				if !m.settled[p] {
					_, err := log.Extend(t.Context(), k.ConsumerKey, []string{m.held[p]}, 0)
					must(err)
					m.ended[p] = true
				}
			}
			for pull(100, long) > 0 {
				for p, id := range m.held {
					m.settled[p] = true
					got, err := log.Ack(t.Context(), k.ConsumerKey, []string{id})
					must(err)
					if len(got.Unknown) > 0 {
						rt.Fatalf("position %d: its lease is unknown", p)
					}
				}
			}
			for i, s := range m.subjects {
				if s != "-" && !m.settled[int64(i+1)] {
					rt.Fatalf("position %d never came", i+1)
				}
			}
			// Nothing is kept of what is settled.
			all, err := log.Consumers(t.Context(), brand, "")
			must(err)
			if len(all) != 1 || all[0].Out+all[0].Waiting != 0 || all[0].Behind != 0 {
				rt.Fatalf("%+v", all)
			}
		})
	})
}

// Nodes that pull for one consumer at once never get the same lease, and never two events of one subject.
func TestNodesPullForOneConsumerAtOnce(t *testing.T) {
	leakFree(t)
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const events, pullers, subjects = 400, 8, 12
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
		defer cancel()
		writer := event.NewLog(d)
		put := func(from, to int) {
			for i := from; i < to; i++ {
				appendAll(t, d, writer, record(t, 1, fmt.Sprintf("order/%d", i%subjects)))
			}
		}
		put(0, 100)
		var mu sync.Mutex
		leases := map[string]bool{} // position and attempt
		settled := map[int64]bool{}
		holds := map[string]int64{} // subject → position that is out
		var wg sync.WaitGroup
		wg.Go(func() { put(100, events) })
		for n := range pullers {
			log := event.NewLog(d)
			wg.Go(func() {
				for round := n; ctx.Err() == nil; round++ {
					mu.Lock()
					finished := len(settled) == events
					mu.Unlock()
					if finished {
						return
					}
					got, err := log.Pull(ctx, pullOf(1, "pos", 1+round%9, long))
					if err != nil {
						t.Error(err)
						return
					}
					var ids []string
					mu.Lock()
					for _, m := range got.Messages {
						key := fmt.Sprintf("%d/%d", m.Event.Position, m.Attempt)
						if leases[key] {
							t.Errorf("the lease %s was given twice", key)
						}
						leases[key] = true
						if p, held := holds[m.Event.Subject]; held {
							t.Errorf("%s: position %d goes out while %d is", m.Event.Subject, m.Event.Position, p)
						}
						for p := m.Event.Position - subjects; p > 0; p -= subjects {
							if !settled[p] {
								t.Errorf("position %d goes out before %d is settled", m.Event.Position, p)
							}
						}
						holds[m.Event.Subject] = m.Event.Position
						ids = append(ids, m.AckID)
					}
					// Every fifth batch is given back instead; who waits may have it before this one hears that it was.
					release := round%5 == 0
					for _, m := range got.Messages {
						delete(holds, m.Event.Subject)
						if !release {
							settled[m.Event.Position] = true
						}
					}
					mu.Unlock()
					if len(ids) == 0 {
						continue
					}
					var done event.Acknowledged
					if release {
						done, err = log.Extend(ctx, pullOf(1, "pos", 0, 0).ConsumerKey, ids, 0)
					} else {
						done, err = log.Ack(ctx, pullOf(1, "pos", 0, 0).ConsumerKey, ids)
					}
					if err != nil || len(done.Unknown) > 0 {
						t.Error(done, err)
					}
				}
			})
		}
		wg.Wait()
		if len(settled) != events {
			t.Errorf("%d of %d events came", len(settled), events)
		}
	})
}

func TestAcknowledgementsAreForTheConsumersOwnLeases(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		log := event.NewLog(d)
		put(t, d, log, 1, 4)
		mine := pullOf(1, "mine", 2, over)
		first, err := log.Pull(t.Context(), mine)
		if err != nil || len(first.Messages) != 2 {
			t.Fatal(first, err)
		}
		mine.Visibility = long
		second, err := log.Pull(t.Context(), mine)
		if err != nil || len(second.Messages) != 2 || second.Messages[0].Attempt != 2 {
			t.Fatal(second, err)
		}
		theirs, err := log.Pull(t.Context(), pullOf(1, "theirs", 2, long))
		if err != nil || len(theirs.Messages) != 2 {
			t.Fatal(theirs, err)
		}
		old, now, foreign := first.Messages[0].AckID, second.Messages[0].AckID, theirs.Messages[0].AckID
		got, err := log.Ack(t.Context(), mine.ConsumerKey, []string{old, foreign, "", "\x00", now, now})
		if err != nil || !slices.Equal(got.Done, []string{now}) || !slices.Equal(got.Unknown, []string{old, foreign, "", "\x00"}) {
			t.Error(got, err)
		}
		got, err = log.Extend(t.Context(), mine.ConsumerKey, []string{now, old}, long)
		if err != nil || len(got.Done) != 0 {
			t.Error("a settled message was extended:", got, err)
		}
		if _, err := log.Ack(t.Context(), pullOf(1, "nobody", 0, 0).ConsumerKey, []string{now}); fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
		if _, err := log.Ack(t.Context(), pullOf(2, "mine", 0, 0).ConsumerKey, []string{now}); fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
		// A consumer that is made anew knows nothing of the old one's leases.
		if err := log.DeleteConsumer(t.Context(), mine.ConsumerKey); err != nil {
			t.Fatal(err)
		}
		if err := log.DeleteConsumer(t.Context(), mine.ConsumerKey); fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
		again, err := log.Pull(t.Context(), mine)
		if err != nil || len(again.Messages) != 2 || again.Messages[0].Attempt != 1 {
			t.Fatal(again, err)
		}
		if got, err = log.Ack(t.Context(), mine.ConsumerKey, []string{now, second.Messages[1].AckID}); err != nil || len(got.Done) != 0 {
			t.Error(got, err)
		}
	})
}

func TestAConsumerIsToldWhatRetentionTook(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		log := event.NewLog(d)
		put(t, d, log, 1, 10)
		r := pullOf(1, "slow", 3, over)
		if got, err := log.Pull(t.Context(), r); err != nil || len(got.Messages) != 3 || got.Lost != 0 {
			t.Fatal(got, err)
		}
		if err := d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(`delete from log_events where position <= 6`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		// Three that were out and not acknowledged, three that it had not come to.
		r.Limit, r.Visibility = 10, long
		got, err := log.Pull(t.Context(), r)
		if err != nil || got.Lost != 6 || len(got.Messages) != 4 || got.Messages[0].Event.Position != 7 {
			t.Fatal(got.Lost, len(got.Messages), err)
		}
		if got, err = log.Pull(t.Context(), r); err != nil || got.Lost != 6 {
			t.Error(got, err)
		}
		if all, err := log.Consumers(t.Context(), 1, "app/1"); err != nil || all[0].Lost != 6 || all[0].Out != 4 || all[0].Waiting != 0 {
			t.Error(all, err)
		}
	})
}

func TestABrandsConsumersAreBounded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		log := event.NewLog(d)
		put(t, d, log, 1, 1)
		var wg sync.WaitGroup
		var mu sync.Mutex
		made, refused := 0, 0
		for i := range 60 {
			if i == 45 {
				wg.Wait() // the last ones all at once
			}
			wg.Go(func() {
				_, err := log.Pull(t.Context(), pullOf(1, fmt.Sprint(i), 1, long))
				mu.Lock()
				defer mu.Unlock()
				f := (*fault.Error)(nil)
				switch {
				case err == nil:
					made++
				case errors.As(err, &f) && f.Kind == fault.Conflict:
					refused++
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if made != 50 || refused != 10 {
			t.Error(made, refused)
		}
		if _, err := log.Pull(t.Context(), pullOf(2, "of another brand", 1, long)); err != nil {
			t.Error(err)
		}
		r := pullOf(1, "0", 1, long)
		r.Names = []string{"menu.updated"}
		if _, err := log.Pull(t.Context(), r); fault.KindOf(err) != fault.Conflict {
			t.Error("another filter:", err)
		}
	})
}

func TestIdleConsumersAreDropped(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		log := event.NewLog(d)
		put(t, d, log, 1, 3)
		for i := range 25 {
			if _, err := log.Pull(t.Context(), pullOf(1, fmt.Sprint(i), 3, long)); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := log.DropIdleConsumers(t.Context()); n != 0 || err != nil {
			t.Fatal(n, err)
		}
		age := func(name string, d2 time.Duration) {
			if err := d.Write(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(`update event_consumers set used_at = used_at - $2 where $1 = '' or name = $1`, name, d2.Microseconds())
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		age("", 89*24*time.Hour)
		// One is used, though there is nothing for it.
		if got, err := log.Pull(t.Context(), pullOf(1, "7", 3, long)); err != nil || len(got.Messages) != 0 {
			t.Fatal(got, err)
		}
		age("", 2*24*time.Hour)
		total := 0
		for {
			n, err := log.DropIdleConsumers(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				break
			}
			total += n
		}
		left, err := log.Consumers(t.Context(), 1, "")
		if err != nil || total != 24 || len(left) != 1 || left[0].Name != "7" || left[0].Out != 3 {
			t.Error(total, left, err)
		}
		rows := 0
		if err := d.Read(t.Context(), func(tx *db.Tx) error {
			return tx.QueryRow(`select count(*) from event_consumer_messages`).Scan(&rows)
		}); err != nil || rows != 3 {
			t.Error(rows, err)
		}
	})
}

// A subject that stands still holds a bounded number of rows, and when it moves the rest comes.
func TestAConsumerHoldsABoundedWindow(t *testing.T) {
	d := dbtest.SQLite(t)
	log := event.NewLog(d)
	var records []event.Record
	for range 530 {
		records = append(records, record(t, 1, "order/1"))
	}
	appendAll(t, d, log, records...)
	r := pullOf(1, "pos", 10, long)
	got, err := log.Pull(t.Context(), r)
	if err != nil || len(got.Messages) != 1 {
		t.Fatal(len(got.Messages), err)
	}
	held := got.Messages[0].AckID
	for range 5 {
		if got, err = log.Pull(t.Context(), r); err != nil || len(got.Messages) != 0 {
			t.Fatal(len(got.Messages), err)
		}
	}
	if all, err := log.Consumers(t.Context(), 1, ""); err != nil || all[0].Out != 1 || all[0].Waiting != 511 || all[0].Behind != 18 {
		t.Errorf("%+v %v", all, err)
	}
	for i := range 530 {
		if _, err := log.Ack(t.Context(), r.ConsumerKey, []string{held}); err != nil {
			t.Fatal(err)
		}
		if got, err = log.Pull(t.Context(), r); err != nil || len(got.Messages) != min(1, 529-i) {
			t.Fatal(i, len(got.Messages), err)
		}
		if i < 529 {
			if got.Messages[0].Event.Position != int64(i+2) {
				t.Fatal(got.Messages[0].Event.Position)
			}
			held = got.Messages[0].AckID
		}
	}
}

// What a caller must not see any more does not come again, and does not hold up its subject.
func TestAPullShowsWhatItsCallerSees(t *testing.T) {
	d := dbtest.SQLite(t)
	log := event.NewLog(d)
	appendAll(t, d, log, fact(t, 1, &wire.OrderCreatedEvent{}, "o", 1), fact(t, 1, &wire.OrderCreatedEvent{}, "o", 2), fact(t, 1, &wire.MenuUpdatedEvent{}, "m", 0))
	r := pullOf(1, "pos", 10, over)
	r.Sight = event.Sight{}
	if got, err := log.Pull(t.Context(), r); err != nil || len(got.Messages) != 1 || got.Messages[0].Event.Position != 1 {
		t.Fatal(got, err)
	}
	r.Sight = event.Sight{Stores: []int{2}}
	if got, err := log.Pull(t.Context(), r); err != nil || len(got.Messages) != 1 || got.Messages[0].Event.Position != 2 {
		t.Fatal(got, err)
	}
}
