package event_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/dbtest"
)

// follow follows until it has stored as many events as are wanted, and returns them as brand:position.
func follow(t *testing.T, d *db.DB, log *event.Log, want int) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var mu sync.Mutex
	var got []string
	err := log.Follow(ctx, "test", func(_ context.Context, brand int, events []event.Event) (func(*db.Tx) error, error) {
		return func(tx *db.Tx) error {
			tx.AfterCommit(func() {
				mu.Lock()
				defer mu.Unlock()
				for _, e := range events {
					got = append(got, fmt.Sprintf("%d:%d", brand, e.Position))
				}
				if len(got) >= want {
					cancel()
				}
			})
			return nil
		}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	return strings.Join(got, " ")
}

func TestFollowerGoesOnWhereItStopped(t *testing.T) {
	leakFree(t)
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		log := event.NewLog(d)
		run(t, log)
		put(t, d, log, 1, 3)
		put(t, d, log, 2, 1)
		if got := follow(t, d, log, 4); got != "1:1 1:2 1:3 2:1" {
			t.Error(got)
		}
		put(t, d, log, 1, 2)
		put(t, d, log, 3, 1)
		if got := follow(t, d, log, 3); got != "1:4 1:5 3:1" {
			t.Error(got)
		}
	})
}

// What retention deleted before it was handled is passed over.
func TestFollowerBeginsWithTheOldestEventThatIsKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		log := event.NewLog(d)
		run(t, log)
		put(t, d, log, 1, 3)
		if err := d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(`delete from log_events where position < 3`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if got := follow(t, d, log, 1); got != "1:3" {
			t.Error(got)
		}
	})
}

// What is stored and the cursor are one: an error takes both back, and the other brands do not wait.
func TestAFailedBrandComesAgainAndKeepsNobodyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dbtest.SQLite(t)
		log := event.NewLog(d)
		put(t, d, log, 1, 2)
		put(t, d, log, 2, 1)
		ctx, cancel := context.WithCancel(t.Context())
		began, tries := time.Now(), 0
		var got []string
		err := log.Follow(ctx, "test", func(_ context.Context, brand int, events []event.Event) (func(*db.Tx) error, error) {
			return func(tx *db.Tx) error {
				tx.AfterCommit(func() {
					got = append(got, fmt.Sprintf("%d:%d after %s", brand, len(events), time.Since(began)))
					if brand == 1 {
						cancel()
					}
				})
				if brand == 1 {
					if tries++; tries < 3 {
						return errors.New("not yet")
					}
				}
				return nil
			}, nil
		})
		if err != nil || strings.Join(got, ", ") != "2:1 after 0s, 1:2 after 10s" {
			t.Error(got, err)
		}
	})
}

// A follower that is moved while its events are handled goes on from the new place, and nothing is stored for the old one.
func TestAFollowerThatIsPlacedAnewStoresNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		log := event.NewLog(d)
		run(t, log)
		put(t, d, log, 1, 2)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		var once sync.Once
		var stored []int
		err := log.Follow(ctx, "test", func(ctx context.Context, _ int, events []event.Event) (func(*db.Tx) error, error) {
			var err error
			once.Do(func() {
				err = d.Write(ctx, func(tx *db.Tx) error { return event.Place(tx, "test", 1, 1) })
			})
			return func(tx *db.Tx) error {
				tx.AfterCommit(func() { stored = append(stored, len(events)); cancel() })
				return nil
			}, err
		})
		if err != nil || fmt.Sprint(stored) != "[1]" {
			t.Error(stored, err)
		}
	})
}
